using System.Buffers.Text;

namespace MiniRedis.Server.Effects;

/// <summary>Takes the bytes of a log of commands in order.</summary>
interface IUnitLog
{
    void Write(ReadOnlySpan<byte> bytes);
}

/// <summary>
/// Writes units of effects as whoever repeats them reads them: SELECT before a command of another database, and MULTI and EXEC around a
/// unit of several commands. Under the executor's lock.
/// </summary>
/// <param name="target">Whose log it is: commands for others are left out.</param>
sealed class UnitWriter(EffectTarget target)
{
    /// <summary>The database that the log has selected; -1 if the next command has to say.</summary>
    public int Database { get; private set; } = -1;

    /// <summary>The next command names its database: a reader that begins here has none selected.</summary>
    public void SelectAgain() => Database = -1;

    /// <summary>Commands of the unit that are for this log.</summary>
    public int Count(ReadOnlySpan<EffectCommand> unit)
    {
        var count = 0;
        foreach (var command in unit) count += (command.Target & target) == 0 ? 0 : 1;
        return count;
    }

    /// <summary>Writes a unit.</summary>
    /// <param name="unit">Its commands.</param>
    /// <param name="encoded">Their encoding.</param>
    /// <param name="count">Of <see cref="Count"/>; not 0.</param>
    /// <param name="log">Where the bytes go.</param>
    public void Write(ReadOnlySpan<EffectCommand> unit, ReadOnlySpan<byte> encoded, int count, IUnitLog log)
    {
        if (count > 1) log.Write("*1\r\n$5\r\nMULTI\r\n"u8);
        for (var i = 0; i < unit.Length; i++)
        {
            if ((unit[i].Target & target) == 0) continue;
            var end = i + 1 < unit.Length ? unit[i + 1].Offset : encoded.Length;
            Select(unit[i].Database, log);
            log.Write(encoded[unit[i].Offset..end]);
        }
        if (count > 1) log.Write("*1\r\n$4\r\nEXEC\r\n"u8);
    }

    /// <summary>Selects the database of what follows.</summary>
    public void Select(int database, IUnitLog log)
    {
        if (database == Database) return;
        Database = database;
        Span<byte> digits = stackalloc byte[11];
        Utf8Formatter.TryFormat(database, digits, out var length);
        Span<byte> lengthDigits = stackalloc byte[2];
        Utf8Formatter.TryFormat(length, lengthDigits, out var lengthLength);
        log.Write("*2\r\n$6\r\nSELECT\r\n$"u8);
        log.Write(lengthDigits[..lengthLength]);
        log.Write("\r\n"u8);
        log.Write(digits[..length]);
        log.Write("\r\n"u8);
    }
}
