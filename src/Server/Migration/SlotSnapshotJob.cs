using System.Collections;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Migration;

/// <summary>
/// Sends the keys of some slots as the commands that make them, and the word that these are all. Large collections come in commands of 64
/// elements, so the target never works long at one.
/// </summary>
/// <param name="slots">The slots.</param>
/// <param name="transfer">Where the bytes go.</param>
/// <param name="delay">rdb-key-save-delay.</param>
/// <param name="end">The bytes behind the last key.</param>
/// <param name="ended">The snapshot is over. Why it is not whole; null if it is.</param>
sealed class SlotSnapshotJob(BitArray slots, RdbTransfer transfer, KeySaveDelay delay, byte[] end, Action<Exception?> ended)
    : SnapshotJob, IRdbOutput
{
    AofValueWriter? _writer;
    volatile bool _isWritten;

    public override BitArray? Slots => slots;

    public override void Write(SnapshotFeed feed)
    {
        var follows = false;
        try
        {
            transfer.IsPressed = () => feed.IsPressed;
            var buffer = new RdbOutputBuffer(this, feed.NoteProgress);
            _writer = new AofValueWriter(buffer);
            if (!WriteKeys(feed, delay)) return;
            buffer.Flush();
            transfer.Add(end);
            // What was put aside follows on a thread that may take its time.
            follows = transfer.HasPutAside;
            if (follows) PersistenceThread.Run("slots-to-target", transfer.Drain);
            else transfer.End(null);
            _isWritten = true;
        }
        finally
        {
            if (!follows) transfer.StopProducing();
        }
    }

    void IRdbOutput.Write(ReadOnlySpan<byte> bytes)
    {
        if (!transfer.Add(bytes)) throw new OperationCanceledException();
    }

    protected override void Select(int database) => _writer!.Select(database);

    protected override void Key(Record record) => _writer!.Key(record);

    public override void Ended(Snapshot snapshot, Exception? failure)
    {
        var why = _isWritten ? null : failure ?? new OperationCanceledException();
        if (why is not null) transfer.End(why);
        ended(why);
    }
}
