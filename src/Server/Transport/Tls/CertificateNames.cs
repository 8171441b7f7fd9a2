using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>Names in certificates.</summary>
static class CertificateNames
{
    /// <summary>Object identifier of "common name" (RFC 4519, section 2.3).</summary>
    const string CommonNameId = "2.5.4.3";

    /// <summary>
    /// The common name of a certificate, whole: to be compared with all its characters. Null if it has none or several, or if it holds a
    /// zero byte. A certificate for "admin\0.example.com" would pass for "admin" with whoever stops reading there (CVE-2009-2408).
    /// </summary>
    public static string? CommonName(ReadOnlySpan<byte> certificate)
    {
        try
        {
            using var parsed = X509CertificateLoader.LoadCertificate(certificate);
            string? found = null;
            foreach (var part in parsed.SubjectName.EnumerateRelativeDistinguishedNames())
            {
                if (part.HasMultipleElements || part.GetSingleElementType().Value != CommonNameId) continue;
                if (found is not null || part.GetSingleElementValue() is not { Length: > 0 } name || name.Contains('\0')) return null;
                found = name;
            }
            return found;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
