namespace MiniRedis.Server.Keys;

/// <summary>
/// Compares keys by their bytes, and hashes them as the keyspace does: with a secret, since clients choose which keys to wait for
/// and to watch.
/// </summary>
sealed class KeyComparer(Database database) : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(byte[] key) => (int)database.HashOf(key);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)database.HashOf(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
