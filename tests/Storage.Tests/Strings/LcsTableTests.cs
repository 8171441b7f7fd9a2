using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Strings;

public class LcsTableTests
{
    /// <summary>The table as every textbook has it, and the same walk back.</summary>
    static string Plain(byte[] a, byte[] b)
    {
        var cells = new int[a.Length + 1, b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
                cells[i, j] = a[i - 1] == b[j - 1] ? cells[i - 1, j - 1] + 1 : Math.Max(cells[i - 1, j], cells[i, j - 1]);
        }
        var text = new StringBuilder();
        for (int i = a.Length, j = b.Length; i > 0 && j > 0;)
        {
            if (a[i - 1] == b[j - 1])
            {
                text.Insert(0, (char)a[i - 1]);
                i--;
                j--;
            }
            else if (cells[i - 1, j] > cells[i, j - 1]) i--;
            else j--;
        }
        return text.ToString();
    }

    [Fact]
    public void Bits_say_what_the_plain_table_says()
    {
        using var keyspace = new Keyspace();
        var random = new Random(3);
        for (var round = 0; round < 2_000; round++)
        {
            var letters = random.Next(1, round % 10 == 0 ? 256 : 5);
            var (a, b) = (Draw(), Draw());
            using var table = new LcsTable(keyspace[0], a, b, keepsRows: true);
            using var length = new LcsTable(keyspace[0], a, b, keepsRows: false);
            var text = new byte[table.Length];
            table.Write(text);
            Assert.Equal(Plain(a, b), Encoding.Latin1.GetString(text));
            Assert.Equal(table.Length, length.Length);

            byte[] Draw() => [.. Enumerable.Range(0, random.Next(round < 200 ? 5 : 200)).Select(_ => (byte)random.Next(letters))];
        }
        Assert.Equal(0, keyspace.UsedBytes);
    }

    [Fact]
    public void The_length_alone_takes_a_bit_for_each_byte_and_value_and_the_rows_a_bit_a_cell()
    {
        using var keyspace = new Keyspace();
        var (a, b) = (new byte[8_000], new byte[1 << 20]);
        for (var i = 0; i < a.Length; i++) a[i] = (byte)(i % 3);
        using (new LcsTable(keyspace[0], a, b.AsSpan(0, 100_000), keepsRows: false))
            Assert.InRange(keyspace.UsedBytes, 4 * 100_000 / 8, 80_000);
        using (new LcsTable(keyspace[0], a, b.AsSpan(0, 100_000), keepsRows: true))
            Assert.InRange(keyspace.UsedBytes, 8_000 * 12_500, 8_000 * 12_500 + 80_000);
        Assert.Equal(0, keyspace.UsedBytes);
    }
}
