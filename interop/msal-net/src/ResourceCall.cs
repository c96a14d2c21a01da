using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MtlsPop.Interop;

/// <summary>Takes a token and its certificate to a resource with .NET's own HttpClient.</summary>
internal static class ResourceCall
{
    public static async Task<CallOutcome> SendAsync(Call call, BoundToken token, LoopbackHttpClientFactory clients)
    {
        SslProtocols protocols = call.MaxTls switch
        {
            "1.2" => SslProtocols.Tls12,
            "1.3" => SslProtocols.Tls12 | SslProtocols.Tls13,
            _ => throw new ArgumentException($"There is no TLS {call.MaxTls} here."),
        };
        HttpClient client = clients.GetHttpClient(CertificateOf(call, token), protocols);
        using HttpRequestMessage request = new(call.Body is null ? HttpMethod.Get : HttpMethod.Put, call.Url);
        request.Headers.Authorization = new AuthenticationHeaderValue(call.Scheme ?? token.AuthorizationScheme, token.AccessToken);
        foreach ((string name, string value) in call.Headers ?? new Dictionary<string, string>()) request.Headers.Add(name, value);
        if (call.Body is { } body) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            return new CallOutcome((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return new CallOutcome(Error: string.Join(" | ", ChainOf(error)));
        }
    }

    private static X509Certificate2? CertificateOf(Call call, BoundToken token) => call switch
    {
        { Shows: "binding" } => token.Certificate,
        { Shows: "none" } => null,
        { Shows: "another", Another: { } another } => X509Certificate2.CreateFromPem(another.Certificate, another.PrivateKey),
        _ => throw new ArgumentException($"A connection cannot show \"{call.Shows}\"."),
    };

    private static IEnumerable<string> ChainOf(Exception? error)
    {
        for (; error is not null; error = error.InnerException) yield return $"{error.GetType().Name}: {error.Message}";
    }
}
