using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>Names in certificates.</summary>
static class CertificateNames
{
    /// <summary>Object identifier of "common name" (RFC 4519, section 2.3).</summary>
    const string CommonNameId = "2.5.4.3";

    const string AlternativeNamesId = "2.5.29.17";

    /// <summary>Tag of a URI among alternative names (RFC 5280, section 4.2.1.6).</summary>
    static readonly Asn1Tag s_uri = new(TagClass.ContextSpecific, 6);

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

    /// <summary>The URIs among the alternative names of a certificate, whole, in their order. One with a zero byte is left out.</summary>
    public static IReadOnlyList<string> Uris(ReadOnlySpan<byte> certificate)
    {
        var uris = new List<string>();
        try
        {
            using var parsed = X509CertificateLoader.LoadCertificate(certificate);
            foreach (var extension in parsed.Extensions)
            {
                if (extension.Oid?.Value != AlternativeNamesId) continue;
                var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    if (!names.PeekTag().HasSameClassAndValue(s_uri)) names.ReadEncodedValue();
                    else if (names.ReadCharacterString(UniversalTagNumber.IA5String, s_uri) is var uri && !uri.Contains('\0')) uris.Add(uri);
                }
            }
            return uris;
        }
        catch (Exception failure) when (failure is CryptographicException or AsnContentException)
        {
            return [];
        }
    }
}
