using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Identity.Client;
using Microsoft.Identity.Client.AppConfig;

namespace MtlsPop.Interop;

/// <summary>Asks MSAL for a token as a row of the recording did.</summary>
internal static class TokenAcquisition
{
    private const string ExchangeScope = "api://AzureADTokenExchange/.default";

    public static async Task<TokenOutcome> AcquireAsync(Question question, IMsalMtlsHttpClientFactory clients)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPem(question.Credential.Certificate, question.Credential.PrivateKey);
        try
        {
            AuthenticationResult result = question.Asked.Flow switch
            {
                "certificate" => await ByCertificateAsync(question, clients, certificate),
                "federated" => await ByFederationAsync(question, clients, certificate),
                _ => throw new ArgumentException($"There is no flow \"{question.Asked.Flow}\"."),
            };
            string scheme = result.CreateAuthorizationHeader().Split(' ')[0];
            TokenFacts facts = new(
                result.TokenType,
                scheme,
                result.AuthenticationResultMetadata.TokenSource.ToString(),
                result.BindingCertificate?.GetCertHashString(HashAlgorithmName.SHA256));
            return new TokenOutcome(facts, new BoundToken(result.AccessToken, scheme, result.BindingCertificate));
        }
        catch (MsalServiceException error)
        {
            return new TokenOutcome(new TokenFacts(Kind: "service", Code: error.ErrorCode, Status: error.StatusCode, Message: error.Message), null);
        }
        catch (MsalClientException error)
        {
            return new TokenOutcome(new TokenFacts(Kind: "client", Code: error.ErrorCode, Message: error.Message), null);
        }
    }

    private static Task<AuthenticationResult> ByCertificateAsync(Question question, IMsalMtlsHttpClientFactory clients, X509Certificate2 certificate)
    {
        IConfidentialClientApplication application = Application(question, question.ClientId, clients)
            .WithCertificate(certificate, OptionsOf(question.Asked))
            .Build();
        return RequestAsync(application, question);
    }

    /// <summary>Leg 1 first, then leg 2 with its token and, where the row says so, its certificate.</summary>
    private static async Task<AuthenticationResult> ByFederationAsync(Question question, IMsalMtlsHttpClientFactory clients, X509Certificate2 certificate)
    {
        Asked asked = question.Asked;
        IConfidentialClientApplication leg1 = Application(question, question.Leg1ClientId, clients)
            .WithCertificate(certificate, OptionsOf(asked))
            .Build();
        Question exchange = question with { Asked = asked with { Scope = ExchangeScope, MtlsProofOfPossession = true, Claims = null } };
        AuthenticationResult assertion = await RequestAsync(leg1, exchange);
        IConfidentialClientApplication leg2 = Application(question, question.ClientId, clients)
            .WithClientAssertion((_, _) => Task.FromResult(new ClientSignedAssertion
            {
                Assertion = assertion.AccessToken,
                TokenBindingCertificate = asked.BindCertificate ? assertion.BindingCertificate : null,
            }))
            .Build();
        return await RequestAsync(leg2, question);
    }

    private static ConfidentialClientApplicationBuilder Application(Question question, string clientId, IMsalMtlsHttpClientFactory clients)
    {
        ConfidentialClientApplicationBuilder builder = ConfidentialClientApplicationBuilder.Create(clientId)
            .WithAuthority(question.Asked.Authority)
            .WithHttpClientFactory(clients);
        if (question.Asked.Region is { } region) builder.WithAzureRegion(region);
        if (question.Asked.ClientCapabilities is { } capabilities) builder.WithClientCapabilities(capabilities);
        return builder;
    }

    private static CertificateOptions OptionsOf(Asked asked) =>
        new() { SendX5C = true, SendCertificateOverMtls = asked.SendCertificateOverMtls };

    private static Task<AuthenticationResult> RequestAsync(IConfidentialClientApplication application, Question question)
    {
        Asked asked = question.Asked;
        AcquireTokenForClientParameterBuilder request = application.AcquireTokenForClient([asked.Scope]).WithCorrelationId(question.CorrelationId);
        if (asked.MtlsProofOfPossession) request.WithMtlsProofOfPossession();
        if (asked.Claims is { } claims) request.WithClaims(claims);
        return request.ExecuteAsync();
    }
}
