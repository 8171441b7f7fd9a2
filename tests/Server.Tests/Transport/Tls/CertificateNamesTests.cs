using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport.Tls;

public sealed class CertificateNamesTests
{
    static byte[] Certificate(params string[] commonNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName("Example");
        foreach (var commonName in commonNames) name.AddCommonName(commonName);
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(60));
        return certificate.RawData;
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("Alice Müller")]
    [InlineData(" admin ")]
    [InlineData("a,CN=b")]
    public void A_common_name_is_found_as_it_is(string name) => Assert.Equal(name, CertificateNames.CommonName(Certificate(name)));

    [Fact]
    public void A_name_with_a_zero_byte_is_none()
    {
        Assert.Null(CertificateNames.CommonName(Certificate("admin\0.example.com")));
        Assert.Null(CertificateNames.CommonName(Certificate("\0")));
    }

    [Fact]
    public void No_name_and_several_are_none()
    {
        Assert.Null(CertificateNames.CommonName(Certificate()));
        Assert.Null(CertificateNames.CommonName(Certificate("alice", "admin")));
    }

    /// <param name="names">Content of a SEQUENCE OF GeneralName.</param>
    static byte[] CertificateWithAlternatives(byte[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=alice", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, (byte)names.Length, .. names], critical: false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(60));
        return certificate.RawData;
    }

    [Fact]
    public void Uris_are_found_in_their_order_among_other_names_and_without_those_with_a_zero_byte() => Assert.Equal(
        ["urn:a", "urn:b"],
        CertificateNames.Uris(CertificateWithAlternatives([0x86, 5, .. "urn:a"u8, 0x82, 4, .. "host"u8, 0x86, 7, .. "urn:x\0y"u8, 0x86, 5, .. "urn:b"u8])));

    [Fact]
    public void Names_that_cannot_be_read_are_none()
    {
        Assert.Empty(CertificateNames.Uris(CertificateWithAlternatives([0x86, 50, .. "urn:a"u8])));
        Assert.Empty(CertificateNames.Uris([1, 2, 3]));
        Assert.Empty(CertificateNames.Uris(Certificate("alice")));
        Assert.Null(CertificateNames.CommonName([1, 2, 3]));
    }
}
