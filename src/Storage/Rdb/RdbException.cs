namespace MiniRedis.Storage.Rdb;

/// <summary>A file cannot be read. Tells what is wrong with it, and where.</summary>
/// <param name="reason">What is wrong, such as "the data end too early".</param>
/// <param name="offset">Bytes from the beginning of the file to the place that could not be read.</param>
/// <param name="reading">What was being read, such as "the checksum". It contains no key, because logs outlive secrets.</param>
public sealed class RdbException(string reason, long offset, string reading)
    : Exception($"{reason} at offset {offset}, reading {reading}")
{
    public string Reason => reason;

    public long Offset => offset;

    public string Reading => reading;
}
