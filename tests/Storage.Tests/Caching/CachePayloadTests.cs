using System.Buffers;
using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Storage.Tests.Caching;

public sealed class CachePayloadTests
{
    static readonly CacheMetadata s_plain = new() { Created = 1_700_000_000_123_456, SlideLimit = -1 };

    static byte[] Keys(params (string Key, CacheMetadata Metadata, string[] Tags)[] keys)
    {
        var output = new ArrayBufferWriter<byte>();
        CachePayload.BeginKeys(output);
        foreach (var (key, metadata, tags) in keys)
        {
            var names = new byte[tags.Sum(t => 2 + t.Length)];
            var used = 0;
            foreach (var tag in tags) used += TagNames.Put(names.AsSpan(used), Encoding.Latin1.GetBytes(tag));
            CachePayload.AddKey(output, Encoding.Latin1.GetBytes(key), metadata, new TagNames(names));
        }
        return output.WrittenSpan.ToArray();
    }

    static byte[] Purge(PurgeScope scope, bool isSoft, params string[] names)
    {
        var output = new ArrayBufferWriter<byte>();
        CachePayload.BeginPurge(output, 1_700_000_000_123_456, scope, isSoft);
        foreach (var name in names) CachePayload.AddName(output, Encoding.Latin1.GetBytes(name));
        return output.WrittenSpan.ToArray();
    }

    static byte[] Clock()
    {
        var output = new ArrayBufferWriter<byte>();
        CachePayload.AddClock(output, 1_700_000_000_123_456);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What a payload tells, in words; null if it is refused.</summary>
    static string? Told(ReadOnlySpan<byte> payload)
    {
        if (!CachePayloadReader.TryBegin(payload, out var reader)) return null;
        var told = new StringBuilder();
        switch (reader.Kind)
        {
            case CachePayloadKind.Keys:
                while (reader.NextKey(out var key, out var metadata, out var tags))
                {
                    told.Append($"{Encoding.Latin1.GetString(key)} {metadata} [{tags.Count}:");
                    foreach (var tag in tags) told.Append($" {Encoding.Latin1.GetString(tag)}");
                    told.Append("]\n");
                }
                break;
            case CachePayloadKind.Purge:
                told.Append($"{reader.Version} {reader.Scope} {reader.IsSoft}:");
                while (reader.NextName(out var name)) told.Append($" {Encoding.Latin1.GetString(name)}");
                break;
            default:
                told.Append(reader.Version);
                break;
        }
        return told.ToString();
    }

    [Fact]
    public void What_a_key_carries_comes_back()
    {
        (string, CacheMetadata, string[])[] keys =
        [
            ("page", s_plain, ["user:7", "posts"]),
            ("", s_plain with { IsNegative = true }, []),
            ("stale", s_plain with { StaleWindow = 300_000, Cost = uint.MaxValue }, ["a"]),
            ("session", s_plain with { Slide = 60_000, SlideLimit = 0 }, []),
            ("endless session", s_plain with { Slide = 1 }, []),
            (new string('k', 5000), s_plain with { Created = 0 }, [new string('t', 1024)]),
            ("many", s_plain, [.. Enumerable.Range(0, 1024).Select(i => $"tag{i}")]),
        ];
        var expected = string.Concat(keys.Select(k =>
            $"{k.Item1} {k.Item2} [{k.Item3.Length}:{string.Concat(k.Item3.Select(t => " " + t))}]\n"));
        Assert.Equal(expected, Told(Keys(keys)));
    }

    [Fact]
    public void A_purge_and_the_clock_come_back()
    {
        Assert.Equal("1700000000123456 Tag False: user:7 posts", Told(Purge(PurgeScope.Tag, false, "user:7", "posts")));
        Assert.Equal("1700000000123456 All True:", Told(Purge(PurgeScope.All, true)));
        Assert.Equal("1700000000123456", Told(Clock()));
    }

    [Fact]
    public void An_ordinary_key_with_two_tags_takes_few_bytes()
    {
        var bytes = 5 + 1 + "page".Length + 1 + 8 + 1 + 2 + "user:7".Length + 2 + "posts".Length;
        Assert.Equal(bytes, Keys(("page", s_plain, ["user:7", "posts"])).Length);
    }

    public static TheoryData<string, byte[]> Samples => new()
    {
        {
            "keys",
            Keys(("page", s_plain with { StaleWindow = 300, Cost = 7 }, ["user:7", "posts"]), ("s", s_plain with { Slide = 9, SlideLimit = 99 }, []))
        },
        { "purge", Purge(PurgeScope.Tag, true, "user:7", "posts") },
        { "purge of all", Purge(PurgeScope.All, false) },
        { "clock", Clock() },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_payload_that_is_cut_tells_nothing_or_whole_entries(string sample, byte[] payload)
    {
        var whole = Told(payload)!;
        for (var length = 0; length < payload.Length; length++)
        {
            var told = Told(payload.AsSpan(0, length));
            // Where one entry ends, the bytes before are a payload of fewer.
            if (told is null) continue;
            Assert.True(told.Length < whole.Length && whole.StartsWith(told, StringComparison.Ordinal), $"{sample} cut at {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_payload_with_a_wrong_byte_is_refused_or_read_to_its_end(string sample, byte[] payload)
    {
        var refused = 0;
        for (var at = 0; at < payload.Length; at++)
        {
            var damaged = payload.ToArray();
            for (var value = 0; value < 256; value++)
            {
                damaged[at] = (byte)value;
                if (Told(damaged) is null) refused++;
            }
        }
        Assert.True(refused > 5 * 255, sample);
    }

    [Fact]
    public void Noise_is_refused_or_read_to_its_end()
    {
        var random = new Random(7);
        var noise = new byte[64];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(noise);
            "mrc1"u8.CopyTo(noise);
            noise[4] = "kpc"u8[random.Next(3)];
            if (random.Next(2) == 0) noise.AsSpan(5).Replace((byte)0xFF, (byte)1);
            Told(noise.AsSpan(0, random.Next(noise.Length)));
        }
    }

    [Theory]
    [InlineData("mrc1k", "no key")]
    [InlineData("mrc1p\0\0\u0007", "no name")]
    [InlineData("mrc1p\0\0\u0007\0", "an empty name")]
    [InlineData("mrc1p\0\u0001\u0007\u0001a", "a name where all are purged")]
    [InlineData("mrc1p\u0002\u0001\u0007", "neither hard nor soft")]
    [InlineData("mrc1p\0\u0009\u0007\u0001a", "an unknown scope")]
    [InlineData("mrc1c", "no version")]
    [InlineData("mrc1c\u0007\u0007", "something behind")]
    [InlineData("mrc1c\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f", "a version that no record holds")]
    [InlineData("mrc1c\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u0001", "a number that is too long")]
    [InlineData("mrc2c\u0007", "another version of the format")]
    [InlineData("mrc1x\u0007", "another kind")]
    [InlineData("mrc1k\u0001a\u0020\u0007\0", "an unknown flag")]
    [InlineData("mrc1k\u0001a\u0002\u0007\0\0", "a window of nothing")]
    [InlineData("mrc1k\u0001a\u0006\u0007\u0001\u0001\0", "a window of a key that slides")]
    [InlineData("mrc1k\u0001a\u0008\u0007\u0001\0", "a limit of a key that does not slide")]
    [InlineData("mrc1k\u0001a\u0010\u0007\u00ff\u00ff\u00ff\u00ff\u00ff\u0001\0", "a cost that no record holds")]
    [InlineData("mrc1k\u0001a\0\u0007\u0003\u0001\u0004b", "a tag that is longer than any")]
    [InlineData("mrc1k\u0001a\0\u0007\u0002\0\0", "an empty tag")]
    [InlineData("mrc1k\u0001a\0\u0007\u0003\u0009\0b", "a tag that is longer than the tags")]
    public void What_no_server_writes_is_refused(string payload, string why) => Assert.True(Told(Encoding.Latin1.GetBytes(payload)) is null, why);

    [Fact]
    public void A_key_has_at_most_as_many_tags_as_a_command_gives_it()
    {
        string[] tags = [.. Enumerable.Range(0, 1025).Select(i => $"tag{i}")];
        Assert.NotNull(Told(Keys(("k", s_plain, tags[1..]))));
        Assert.Null(Told(Keys(("k", s_plain, tags))));
    }

    [Theory]
    [InlineData("mrc1c\u0007", true)]
    [InlineData("mrc9whatever", true)]
    [InlineData("mrc1", false)]
    [InlineData("mr", false)]
    [InlineData("PONG", false)]
    public void A_payload_is_told_from_an_ordinary_message(string message, bool isPayload) =>
        Assert.Equal(isPayload, CachePayload.Is(Encoding.Latin1.GetBytes(message)));
}
