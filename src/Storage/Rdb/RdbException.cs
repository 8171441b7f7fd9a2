namespace MiniRedis.Storage.Rdb;

/// <summary>A file cannot be read: what is wrong with it, and where.</summary>
/// <param name="reason">What is wrong, as "the data end too early".</param>
/// <param name="offset">Bytes from the file's beginning to what could not be read.</param>
/// <param name="reading">What was being read, as "the checksum". No key shows: logs outlive secrets.</param>
public sealed class RdbException(string reason, long offset, string reading)
    : Exception($"{reason} at offset {offset}, reading {reading}")
{
    public string Reason => reason;

    public long Offset => offset;

    public string Reading => reading;
}
