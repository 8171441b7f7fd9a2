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

    [Fact]
    public void Bytes_that_are_no_certificate_have_no_name() => Assert.Null(CertificateNames.CommonName([1, 2, 3]));
}
