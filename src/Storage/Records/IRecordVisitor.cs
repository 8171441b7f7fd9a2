namespace MiniRedis.Storage.Records;

/// <summary>
/// Receives the records of one step of a scan. Implemented by a struct, so that the call is inlined. It must not change the
/// database.
/// </summary>
public interface IRecordVisitor
{
    void Visit(Record record);
}
