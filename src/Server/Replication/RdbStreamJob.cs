using System.Buffers.Binary;
using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Replication;

/// <summary>
/// Feeds a snapshot to replicas as it is taken, without a file. The length is not known before the end, so a mark of 40 random bytes
/// encloses the data: "$EOF:mark", the RDB file, and the mark again.
/// </summary>
sealed class RdbStreamJob : SnapshotJob, IRdbOutput
{
    readonly RdbTransfer _transfer;
    readonly RdbExclusions _exclusions;
    readonly RdbSnapshotEncoder _encoder;
    readonly KeySaveDelay _delay;
    readonly bool _computesChecksum;
    readonly byte[] _mark;
    readonly Action<Exception?> _ended;
    ulong _checksum;
    volatile bool _isWritten;

    /// <param name="transfer">Where the bytes go.</param>
    /// <param name="exclusions">What the replicas do not want.</param>
    /// <param name="saving">Writes the head.</param>
    /// <param name="settings">Their present values count for the whole file.</param>
    /// <param name="accessFields">When keys were used.</param>
    /// <param name="mark">40 bytes that occur nowhere else.</param>
    /// <param name="ended">The snapshot is over. Why it could not be taken; null if it was.</param>
    public RdbStreamJob(
        RdbTransfer transfer, RdbExclusions exclusions, RdbSaving saving, PersistenceSettings settings, AccessFields accessFields, string mark,
        Action<Exception?> ended)
    {
        (_transfer, _exclusions, _ended) = (transfer, exclusions, ended);
        (_delay, _computesChecksum, _mark) = (new(settings.RdbKeySaveDelay), settings.RdbChecksum, Encoding.ASCII.GetBytes(mark));
        _encoder = new RdbSnapshotEncoder(
            saving, settings, accessFields, isAofBase: false, withFunctions: (exclusions & RdbExclusions.Functions) == 0);
    }

    public override void Write(SnapshotFeed feed)
    {
        var follows = false;
        try
        {
            follows = WriteAll(feed);
        }
        finally
        {
            if (!follows) _transfer.StopProducing();
        }
    }

    /// <returns>Whether bytes that were put aside follow on another thread.</returns>
    bool WriteAll(SnapshotFeed feed)
    {
        _transfer.IsPressed = () => feed.IsPressed;
        _transfer.Add("$EOF:"u8);
        _transfer.Add(_mark);
        _transfer.Add("\r\n"u8);
        var buffer = new RdbOutputBuffer(this, feed.NoteProgress);
        _encoder.Begin(buffer, feed.Parts);
        if ((_exclusions & RdbExclusions.Data) == 0 && !WriteKeys(feed, _delay)) return false;
        _encoder.End();
        buffer.Flush();
        Span<byte> checksum = stackalloc byte[RdbFileWriter.ChecksumBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(checksum, _checksum);
        _transfer.Add(checksum);
        _transfer.Add(_mark);
        // The snapshot is over. What was put aside follows on a thread that may take its time.
        var follows = _transfer.HasPutAside;
        if (follows) PersistenceThread.Run("rdb-to-replicas", _transfer.Drain);
        else _transfer.End(null);
        _isWritten = true;
        return follows;
    }

    void IRdbOutput.Write(ReadOnlySpan<byte> bytes)
    {
        if (_computesChecksum) _checksum = Crc64.Append(_checksum, bytes);
        // The replicas have gone.
        if (!_transfer.Add(bytes)) throw new OperationCanceledException();
    }

    protected override void Select(int database) => _encoder.Select(database);

    protected override void Key(Record record) => _encoder.Key(record);

    public override void Ended(Snapshot snapshot, Exception? failure) =>
        _ended(_isWritten ? null : failure ?? new OperationCanceledException());
}
