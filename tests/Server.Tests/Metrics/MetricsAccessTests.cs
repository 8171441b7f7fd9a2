using System.Net;
using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Metrics.Http;
using Verdict = MiniRedis.Server.Metrics.Http.MetricsAccess.Verdict;

namespace MiniRedis.Server.Tests.Metrics;

public class MetricsAccessTests
{
    readonly MetricsSettings _settings = new() { MetricsUser = "prometheus" };
    readonly NetworkSettings _network = new() { ProtectedMode = true };

    MetricsAccess.Verdict Judge(string from, string? authorization = null) =>
        new MetricsAccess(_settings, _network).Judge(IPAddress.Parse(from), authorization);

    static string Basic(string credentials) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.8.9.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("10.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("fe80::1", false)]
    public void Without_a_password_protected_mode_answers_this_machine_only(string from, bool isWelcome)
    {
        Assert.Equal(isWelcome ? Verdict.Welcome : Verdict.Refused, Judge(from));
        _network.ProtectedMode = false;
        Assert.Equal(Verdict.Welcome, Judge(from));
    }

    [Fact]
    public void A_password_opens_to_everybody_who_has_it()
    {
        _settings.MetricsPassword = "secret";
        Assert.Equal(Verdict.Welcome, Judge("10.0.0.1", Basic("prometheus:secret")));
        Assert.Equal(Verdict.Welcome, Judge("10.0.0.1", Basic("prometheus:secret").Replace("Basic", "basic", StringComparison.Ordinal)));
        Assert.Equal(Verdict.AsksForPassword, Judge("127.0.0.1"));
    }

    [Theory]
    [InlineData("prometheus:wrong!")]
    [InlineData("prometheus:secre")]
    [InlineData("prometheus:secrets")]
    [InlineData("prometheus:secret\0")]
    [InlineData("someone:secret")]
    [InlineData(":secret")]
    [InlineData("")]
    public void Anything_else_is_asked_again(string credentials)
    {
        _settings.MetricsPassword = "secret";
        Assert.Equal(Verdict.AsksForPassword, Judge("127.0.0.1", Basic(credentials)));
    }

    [Theory]
    [InlineData("Bearer secret")]
    [InlineData("Basic")]
    [InlineData("Basic not base64!")]
    public void Another_scheme_is_no_password(string authorization)
    {
        _settings.MetricsPassword = "secret";
        Assert.Equal(Verdict.AsksForPassword, Judge("127.0.0.1", authorization));
    }

    [Fact]
    public void Passwords_are_bytes_not_letters()
    {
        // As a file has it: the two bytes of UTF-8, one char each.
        _settings.MetricsPassword = "\u00c3\u00a9";
        Assert.Equal(Verdict.Welcome, Judge("127.0.0.1", Basic("prometheus:é")));
    }

    [Fact]
    public void A_megabyte_of_credentials_is_not_looked_at()
    {
        _settings.MetricsPassword = "secret";
        Assert.Equal(Verdict.AsksForPassword, Judge("127.0.0.1", Basic("prometheus:" + new string('x', 1 << 20))));
    }
}
