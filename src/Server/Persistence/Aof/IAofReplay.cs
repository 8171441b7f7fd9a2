namespace MiniRedis.Server.Persistence.Aof;

/// <summary>Runs the commands of one file of the AOF, a slice at a time. Under the executor's lock.</summary>
interface IAofReplay : IDisposable
{
    /// <summary>Bytes of the file that have been run.</summary>
    long Position { get; }

    /// <summary>Bytes of the file.</summary>
    long Length { get; }

    /// <summary>Commands that failed, and were passed over since propagation-error-behavior allows that.</summary>
    long FailedCommands { get; }

    /// <summary>Runs the commands of about so many bytes.</summary>
    /// <returns>True once all have run.</returns>
    /// <exception cref="AofException">The file is damaged, ends in the middle, or holds a command that fails.</exception>
    bool Step(long bytes);
}
