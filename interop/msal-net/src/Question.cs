namespace MtlsPop.Interop;

/// <summary>What is to be asked of the emulator, and what to do with the token.</summary>
/// <param name="Root">PEM of the emulator's root.</param>
/// <param name="TokenPort">Where names that are addressed without a port are on loopback.</param>
/// <param name="Credential">The application's certificate.</param>
/// <param name="Leg1ClientId">The application of leg 1, in the federated flow.</param>
internal sealed record Question(
    string Root,
    int TokenPort,
    CertificateAndKey Credential,
    string ClientId,
    string Leg1ClientId,
    Guid CorrelationId,
    Asked Asked,
    IReadOnlyList<Call> Calls);

/// <summary>How a row of the recording was asked for.</summary>
internal sealed record Asked(
    string Flow,
    bool MtlsProofOfPossession,
    string Authority,
    string Scope,
    string? Region = null,
    IReadOnlyList<string>? ClientCapabilities = null,
    string? Claims = null,
    bool SendCertificateOverMtls = false,
    bool BindCertificate = true);

/// <summary>A call to a resource with the token, in GET, or in PUT with a body.</summary>
/// <param name="MaxTls"><c>1.2</c> or <c>1.3</c>.</param>
/// <param name="Scheme">Of the Authorization header; MSAL's own where it is left out.</param>
/// <param name="Shows">What the connection has to show: <c>binding</c>, <c>none</c> or <c>another</c> certificate.</param>
/// <param name="Another">That other certificate.</param>
internal sealed record Call(
    string Url,
    string MaxTls,
    string? Scheme = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    string? Body = null,
    string Shows = "binding",
    CertificateAndKey? Another = null);

/// <summary>Both in PEM.</summary>
internal sealed record CertificateAndKey(string Certificate, string PrivateKey);
