namespace MiniRedis.Server.Persistence.Aof;

/// <summary>Runs the commands of one file of the AOF, a slice at a time. Under the executor's lock.</summary>
interface IAofReplay : IDisposable
{
    /// <summary>Bytes of the file that have been run.</summary>
    long Position { get; }

    /// <summary>Bytes of the file.</summary>
    long Length { get; }

    /// <summary>Runs the commands of about <paramref name="bytes"/> bytes.</summary>
    /// <returns>True once all have run.</returns>
    /// <exception cref="AofException">The file is damaged, or ends in the middle.</exception>
    bool Step(long bytes);
}
