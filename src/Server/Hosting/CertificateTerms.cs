using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Hosting;

/// <summary>Reads from the files when the certificates expire, for INFO. What cannot be read there is left out.</summary>
static class CertificateTerms
{
    public static TlsCertificates Of(TlsOptions server, TlsOptions client)
    {
        var authorities = Read(server.CaFile);
        if (server.CaDirectory is { } directory) authorities = authorities.Concat(Directory.EnumerateFiles(directory).SelectMany(Read));
        return new TlsCertificates(
            First(Read(server.CertificateFile)),
            client.CertificateFile == server.CertificateFile ? null : First(Read(client.CertificateFile)),
            First(authorities.OrderBy(a => a.NotAfter)));
    }

    static CertificateTerm? First(IEnumerable<CertificateTerm> terms)
    {
        foreach (var term in terms) return term;
        return null;
    }

    static IEnumerable<CertificateTerm> Read(string? file)
    {
        if (file is null) return [];
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPemFile(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return [];
        }
        return found.Select(c => new CertificateTerm(c.SerialNumber, new DateTimeOffset(c.NotAfter).ToUnixTimeSeconds())).ToList();
    }
}
