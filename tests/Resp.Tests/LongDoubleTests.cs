using System.Text;

namespace MiniRedis.Resp.Tests;

/// <summary>The sums are what redis-server 7.0.15 on x86-64 answers to SET k (left) and INCRBYFLOAT k (right).</summary>
public class LongDoubleTests
{
    public static TheoryData<string, string, string> Sums => new()
    {
        { "0.1", "0.2", "0.3" },
        { "10.50", "0.1", "10.6" },
        { "5.0e3", "2.0e2", "5200" },
        { "3", "1.000000000000000005", "4.00000000000000001" },
        { "-0", "0", "0" },
        { "-1.5", "1.5", "0" },
        { "17179869184", "1e-17", "17179869184" },
        { "9223372036854775807", "1", "9223372036854775808" },
        { "18446744073709551615", "1", "18446744073709551616" },
        { "3.87", "0x5.181c3e9cd8p58", "1468297699502587907.875" },
        { "1.9", "677719487866711621.02564105591935816863", "677719487866711622.875" },
        { "-495.066197680286", "2305843009213693954.5", "2305843009213693459.375" },
        { "871788986388.8158578220596756560260559936032", "0xea1f44f64f.2c0b3a1b06p-199", "871788986388.81585782766342163" },
        { "-899994251428265.5", "8.08", "-899994251428257.41998291015625" },
        { "428390711278", "62.210722089704230815", "428390711340.21072208881378174" },
        { "-5980790320876882", "20.686012244172163555", "-5980790320876861.31396484375" },
        { "-9.42", "9.252904590705724005", "-0.167095409294276" },
        { "-7.169961443e-668", "4.91", "4.91" },
        { "-973692989071618727", "-9.76", "-973692989071618736.75" },
        { "5.", "-402.56799", "-397.56798999999999999" },
        { "36893488147419103234.75", "49.597546954557903691471", "36893488147419103284" },
        { "-812.664", "18446744073709551614.75", "18446744073709550802" },
        { "-720.97491", "9.490605939330983e-18", "-720.97491" },
        { "4.11e+05", "-528.215038593864", "410471.78496140613600573" },
        { "848.45727072877503", "85.469769252795991475", "933.92703998157102147" },
        { "53.343550599", "56.55267664", "109.896227239" },
        { "0.861120589e-4101", "-9.469092012823232e-20", "0" },
        { "8.3", "3.47e+05", "347008.30000000000001137" },
        { "237.63155788144468", "2305843009213693955", "2305843009213694192.75" },
        { "-88855768490384988290", "7140563729183.991", "-88855761349821259104" },
        { "-635.26943", "-5.75", "-641.01943" },
        { "-6.77e+05", "-67519660262355998859862", "-67519660262355999535104" },
        { "0x13b4ab.b5d629e0f4p-73", "-5.37", "-5.36999999999999986" },
        { "97.482606547934512585", "-913.545341", "-816.06273445206548744" },
        { "-5.45e+05", "19.853911129006654115", "-544980.14608887099336698" },
        { "73786976294838206463.5", "-7.782724655324835e-20", "73786976294838206464" },
        { "-7.139849406915055", "4.93", "-2.209849406915055" },
        { "-3.97", "2305843009213693955", "2305843009213693951" },
        { "2481209783875521469026399605323555228.5803184", "4.413415423e-4769", "2481209783875521468997306768265576448" },
        { "-5.92e+05", "44277189100832540449", "44277189100831948448" },
        { "-716.6240709287", "280290135663841446992995163640504510164568813519623513082.368530", "280290135663841446993565499543102992945376837241233473536" },
        { "5.95e+05", "0x12e723.7edb634169p138", "431665592451567296680972777602079262419380600832" },
        { "0x.8", "9.07", "9.57" },
        { "1.62", "36893488147419103233", "36893488147419103232" },
        { "4.64e+05", "70.657489871167735695", "464070.6574898711677406" },
        { "-22047495.3234058", "3.84e+05", "-21663495.32340579999981856" },
        { "894.717232691441722636", "6.78e+05", "678894.71723269144172264" },
        { "-30103719437", "-2.1970103715408262e-05", "-30103719437.00002196989953518" },
        { "5.0e3", "9.55", "5009.54999999999999982" },
        { "5.78", "0.1", "5.88" },
        { "79275138423595586.3", "-227154", "79275138423368432.296875" },
        { "965.204112061979", "-88.35897102657577307", "876.84514103540322694" },
        { "-1.55233754e-261", "97.984420702148125895", "97.9844207021481259" },
        { "1.82", "8.335548733667601e-15", "1.82000000000000834" },
        { "-1.822232084e-1752", "0.739850218e-2516", "0" },
        { "6759684194", "18.953751711953661615", "6759684212.95375171210616827" },
        { "9.3", "-8.720014546943975e-07", "9.29999912799854531" },
        { "-4.77", "-9618555506925066045982", "-9618555506925066046464" },
        { "0x1fab65bd.dc655d4aa0p-56", "0.03820307089115487", "0.03820307826478988" },
        { "-2.89e+05", "88.420123987990462545", "-288911.57987601200954941" },
        { "18446744073709551616.75", "608.8199", "18446744073709552224" },
        { "0x4ab15fee890d9238.99d3cd6bb8p-94", "-7.31e+04", "-73099.99999999972826714" },
        { "18446744073709551617.25", "-9.80779368938794e-20", "18446744073709551618" },
        { "2305843009213693955.75", "-3.78123685e-2476", "2305843009213693955.75" },
        { "-50267600241643688428", "824.1463501923", "-50267600241643687604" },
        { "9.7", "-176.6515470160", "-166.95154701600000001" },
        { "0x43354ba018f.df746af16p58", "7.0", "1331195254863093073659159379968" },
        { "9.58", "92.945302033087931335", "102.52530203308793134" },
        { "218255359129759305.2697237802434547520255259955268011537324", "0x23b260b858.b42ef72e7bp-197", "218255359129759305.265625" },
    };

    [Theory]
    [MemberData(nameof(Sums))]
    public void Sums_print_as_Redis_prints_them(string left, string right, string expected)
    {
        Assert.True(LongDouble.TryParse(Encoding.ASCII.GetBytes(left), out LongDouble a));
        Assert.True(LongDouble.TryParse(Encoding.ASCII.GetBytes(right), out LongDouble b));
        Assert.Equal(expected, (a + b).ToString());
        Assert.Equal(expected, (b + a).ToString());
    }

    [Fact]
    public void A_number_of_300_digits_is_exact_in_its_first_64_bits_only()
    {
        Assert.True(LongDouble.TryParse("1e300"u8, out LongDouble value));
        Assert.StartsWith("10000000000000000000089973", value.ToString(), StringComparison.Ordinal);
        Assert.Equal(301, value.ToString().Length);
    }

    [Fact]
    public void The_largest_number_fits_the_longest_text()
    {
        Assert.True(LongDouble.TryParse("-1.18973149535723176502e+4932"u8, out LongDouble value));
        Assert.Equal(4934, value.ToString().Length);
        Assert.InRange(value.ToString().Length, 0, LongDouble.MaxLength);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData(".")]
    [InlineData("0x")]
    [InlineData("abc")]
    [InlineData("nan")]
    [InlineData("-nan")]
    [InlineData("1.2e4932")]
    [InlineData("-1e5000")]
    [InlineData("1e-4960")]
    [InlineData("1e99999999999999999999")]
    public void What_is_no_number_or_out_of_range_is_refused(string text) =>
        Assert.False(LongDouble.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void A_text_of_5_KB_is_refused_and_one_byte_less_is_a_number()
    {
        Assert.False(LongDouble.TryParse(Encoding.ASCII.GetBytes("1." + new string('0', LongDouble.MaxLength - 2)), out _));
        Assert.True(LongDouble.TryParse(Encoding.ASCII.GetBytes("1." + new string('0', LongDouble.MaxLength - 3)), out LongDouble value));
        Assert.Equal("1", value.ToString());
    }

    [Fact]
    public void Sums_beyond_the_range_are_infinite_and_opposite_infinities_make_no_number()
    {
        Assert.True(LongDouble.TryParse("1e4932"u8, out LongDouble large));
        Assert.True((large + large).IsInfinity);
        Assert.True(LongDouble.TryParse("inf"u8, out LongDouble infinity));
        Assert.True(LongDouble.TryParse("-Infinity"u8, out LongDouble negative));
        Assert.Equal(("inf", "-inf", "nan"), (infinity.ToString(), negative.ToString(), (infinity + negative).ToString()));
        Assert.False((infinity + large).IsFinite);
        Assert.True((infinity + negative).IsNaN);
    }

    [Fact]
    public void Integers_convert_exactly()
    {
        Assert.Equal("-9223372036854775808", LongDouble.FromInt64(long.MinValue).ToString());
        Assert.Equal("0", LongDouble.FromInt64(0).ToString());
        Assert.True(LongDouble.TryParse("-12"u8, out LongDouble parsed));
        Assert.Equal(parsed, LongDouble.FromInt64(-12));
    }
}
