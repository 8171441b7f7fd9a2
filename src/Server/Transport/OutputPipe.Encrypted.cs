using System.Diagnostics;

namespace MiniRedis.Server.Transport;

/// <summary>
/// What a TLS connection has encrypted and the socket has not taken. A record cannot be encrypted twice, so these bytes leave before any
/// other; they belong to the sending end.
/// </summary>
sealed partial class OutputPipe
{
    NativeBuffer? _encrypted;
    int _encryptedStart, _encryptedEnd;

    /// <summary>Encrypted bytes that wait for the socket.</summary>
    public ReadOnlySpan<byte> Encrypted => EncryptedMemory.Span;

    public ReadOnlyMemory<byte> EncryptedMemory => _encrypted is null ? default : _encrypted.Memory[_encryptedStart.._encryptedEnd];

    /// <summary>Whether plaintext waits to be encrypted.</summary>
    public bool HasFront => _frontLength > 0;

    /// <summary>Keeps encrypted bytes that the socket did not take. All earlier ones have been sent.</summary>
    public void KeepEncrypted(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(_encrypted is null, "bytes must leave in their order");
        if (bytes.IsEmpty) return;
        _encrypted = ChunkPool.Rent(bytes.Length <= ChunkPool.ChunkBytes ? ChunkPool.ChunkBytes : Math.Max(ChunkPool.LargeChunkBytes, bytes.Length));
        bytes.CopyTo(_encrypted.GetSpan());
        (_encryptedStart, _encryptedEnd) = (0, bytes.Length);
        _sendingBytes += bytes.Length;
        _sendingCapacity += _encrypted.Capacity;
    }

    /// <summary>Notes that the socket took bytes of <see cref="Encrypted"/>.</summary>
    public void SentEncrypted(int bytes)
    {
        _encryptedStart += bytes;
        _sendingBytes -= bytes;
        if (_encryptedStart == _encryptedEnd) ReleaseEncrypted();
    }

    void ReleaseEncrypted()
    {
        if (_encrypted is null) return;
        _sendingCapacity -= _encrypted.Capacity;
        ChunkPool.Return(_encrypted);
        _encrypted = null;
        (_encryptedStart, _encryptedEnd) = (0, 0);
    }
}
