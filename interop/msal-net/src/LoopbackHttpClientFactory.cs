using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Identity.Client;

namespace MtlsPop.Interop;

/// <summary>Trusts the emulator's root alone and finds every name on loopback, so that nothing here can reach the internet.</summary>
internal sealed class LoopbackHttpClientFactory(string rootPem, int tokenPort) : IMsalMtlsHttpClientFactory, IDisposable
{
    private readonly X509Certificate2 _root = X509Certificate2.CreateFromPem(rootPem);
    private readonly Dictionary<(string? Thumbprint, SslProtocols Protocols), HttpClient> _clients = [];

    public HttpClient GetHttpClient() => GetHttpClient(null, SslProtocols.None);

    public HttpClient GetHttpClient(X509Certificate2 certificate) => GetHttpClient(certificate, SslProtocols.None);

    /// <summary>The client, one each, whose connections have this certificate to show, to whoever asks and however late.</summary>
    public HttpClient GetHttpClient(X509Certificate2? certificate, SslProtocols protocols)
    {
        (string?, SslProtocols) key = (certificate?.Thumbprint, protocols);
        if (!_clients.TryGetValue(key, out HttpClient? client)) _clients[key] = client = Create(certificate, protocols);
        return client;
    }

    public void Dispose()
    {
        foreach (HttpClient client in _clients.Values) client.Dispose();
        _root.Dispose();
    }

    private HttpClient Create(X509Certificate2? certificate, SslProtocols protocols)
    {
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = ConnectAsync,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = protocols,
                ClientCertificates = certificate is null ? [] : [certificate],
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { _root },
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                },
            },
        };
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(10) };
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        const int HttpsPort = 443;
        int port = context.DnsEndPoint.Port is HttpsPort ? tokenPort : context.DnsEndPoint.Port;
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
