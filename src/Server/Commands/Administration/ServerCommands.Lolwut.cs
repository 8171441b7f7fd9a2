using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>LOLWUT: a picture that nobody needs, with the version below it, which some people do need.</summary>
static partial class ServerCommands
{
    /// <summary>The largest picture: enough for any terminal, and too small to keep the server busy.</summary>
    const int MaxPictureColumns = 1000, MaxPictureRows = 1000;

    static readonly Command LolwutSpec = new()
    {
        Name = "LOLWUT", Group = CommandGroup.Server, Since = "5.0.0", Complexity = "O(N) where N is the size of the picture",
        Summary = "Draws something and tells the version.",
        Arity = -1, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Args = [Arg.Integer("version").After("VERSION").Optional()],
        Run = Lolwut,
    };

    static void Lolwut(ref CommandContext c)
    {
        var next = 1;
        if (c.Count >= 3 && c.IsToken(1, "VERSION"u8))
        {
            // There is one picture for all versions. The version must still be a number.
            if (!c.TryInt32(2, out _)) return;
            next = 3;
        }
        int columns = 60, rows = 12;
        if (next < c.Count && !c.TryInt32(next++, out columns)) return;
        if (next < c.Count && !c.TryInt32(next, out rows)) return;
        var picture = Maze(c.Server.Random, Math.Clamp(columns, 1, MaxPictureColumns), Math.Clamp(rows, 1, MaxPictureRows));
        picture.Append("\nRedis ver. ").Append(ServerVersion.Redis)
            .Append(" (MiniRedis ").Append(ServerVersion.Own).Append(")\n");
        c.Reply.Verbatim("txt", Encoding.UTF8.GetBytes(picture.ToString()));
    }

    /// <summary>The maze of the one-line program "10 PRINT CHR$(205.5+RND(1)); : GOTO 10" (Commodore 64 manual, 1982).</summary>
    static StringBuilder Maze(Random random, int columns, int rows)
    {
        var picture = new StringBuilder((columns + 1) * rows);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++) picture.Append(random.Next(2) == 0 ? '╱' : '╲');
            picture.Append('\n');
        }
        return picture;
    }
}
