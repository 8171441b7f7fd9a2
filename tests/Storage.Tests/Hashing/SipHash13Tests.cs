using System.Buffers.Binary;
using System.Numerics;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Tests.Hashing;

public class SipHash13Tests
{
    static readonly byte[] Counting = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
    static readonly HashSeed PaperKey = new(0x0706050403020100, 0x0f0e0d0c0b0a0908);

    [Fact]
    public void The_definition_below_gives_the_paper_s_own_vector_for_2_4() =>
        Assert.Equal(0xa129ca6149be45e5UL, FromThePaper(Counting.AsSpan(0, 15), PaperKey, 2, 4));

    [Fact]
    public void The_empty_input_gives_the_published_vector_for_1_3() =>
        Assert.Equal(0xabac0158050fc4dcUL, SipHash13.Hash([], PaperKey));

    [Fact]
    public void Every_length_and_offset_gives_what_the_definition_gives()
    {
        for (var length = 0; length <= 260; length++)
        {
            for (var offset = 0; offset < 9; offset++)
            {
                var data = Counting.AsSpan(offset, length);
                Assert.Equal(FromThePaper(data, PaperKey, 1, 3), SipHash13.Hash(data, PaperKey));
            }
        }
    }

    [Fact]
    public void Another_seed_gives_another_hash() =>
        Assert.NotEqual(SipHash13.Hash("key"u8, new(1, 2)), SipHash13.Hash("key"u8, new(1, 3)));

    /// <summary>SipHash-c-d word for word as section 2 of the paper puts it.</summary>
    static ulong FromThePaper(ReadOnlySpan<byte> m, HashSeed k, int c, int d)
    {
        ulong[] v = [k.K0 ^ 0x736f6d6570736575, k.K1 ^ 0x646f72616e646f6d, k.K0 ^ 0x6c7967656e657261, k.K1 ^ 0x7465646279746573];
        var padded = new byte[(m.Length + 8) / 8 * 8];
        m.CopyTo(padded);
        padded[^1] = (byte)m.Length;
        for (var i = 0; i < padded.Length; i += 8)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(padded.AsSpan(i));
            v[3] ^= word;
            for (var round = 0; round < c; round++) SipRound(v);
            v[0] ^= word;
        }
        v[2] ^= 0xff;
        for (var round = 0; round < d; round++) SipRound(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    static void SipRound(ulong[] v)
    {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = BitOperations.RotateLeft(v[1], 13) ^ v[0];
        v[3] = BitOperations.RotateLeft(v[3], 16) ^ v[2];
        v[0] = BitOperations.RotateLeft(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = BitOperations.RotateLeft(v[1], 17) ^ v[2];
        v[3] = BitOperations.RotateLeft(v[3], 21) ^ v[0];
        v[2] = BitOperations.RotateLeft(v[2], 32);
    }
}
