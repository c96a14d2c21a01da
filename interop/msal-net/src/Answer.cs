using System.Security.Cryptography.X509Certificates;

namespace MtlsPop.Interop;

/// <summary>What came of a question.</summary>
internal sealed record Answer(TokenFacts Token, IReadOnlyList<CallOutcome> Calls);

/// <summary>A token as the recording describes one, or the error that came in its place.</summary>
/// <param name="BindingCertificate">SHA-256 of the certificate that MSAL returns with the token, in hex.</param>
/// <param name="Kind"><c>client</c> or <c>service</c>: which of MSAL's exceptions it was.</param>
internal sealed record TokenFacts(
    string? TokenType = null,
    string? AuthorizationScheme = null,
    string? TokenSource = null,
    string? BindingCertificate = null,
    string? Kind = null,
    string? Code = null,
    int? Status = null,
    string? Message = null);

/// <summary>A token on its way to a resource.</summary>
internal sealed record BoundToken(string AccessToken, string AuthorizationScheme, X509Certificate2? Certificate);

internal sealed record TokenOutcome(TokenFacts Facts, BoundToken? Token);

/// <summary>A resource's answer, or why there was none.</summary>
internal sealed record CallOutcome(int? Status = null, string? Body = null, string? Error = null);
