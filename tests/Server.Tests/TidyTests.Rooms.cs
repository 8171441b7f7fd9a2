using System.Text.RegularExpressions;

namespace MiniRedis.Server.Tests;

/// <summary>
/// The rooms of src/Server and src/Storage, and which may use which. The rule is the table in docs/architecture.md. It is read here, so
/// page and source cannot drift apart.
/// </summary>
public partial class TidyTests
{
    /// <summary>A row of the table: a room and those it may use, which stand in rows above it.</summary>
    sealed record Room(string Name, string[] MayUse);

    /// <summary>A file that may use more than its room, for the reason that stands behind it.</summary>
    sealed record Exemption(string File, string[] MayUse);

    /// <summary>The table of a project, and the exceptions below it.</summary>
    static (List<Room> Rooms, List<Exemption> Exemptions) Table(string project)
    {
        var lines = File.ReadAllLines(Path.Combine(s_root, "docs", "architecture.md")).AsEnumerable();
        lines = lines.SkipWhile(l => !l.StartsWith('#') || !l.Contains($"src/{project}", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(l => !l.StartsWith('#'));
        var section = lines.ToList();
        var rooms = section.Select(l => RoomRow().Match(l)).Where(m => m.Success)
            .Select(m => new Room(m.Groups[1].Value, Names(m.Groups[2].Value))).ToList();
        var exemptions = section.Select(l => ExemptionLine().Match(l)).Where(m => m.Success)
            .Select(m => new Exemption(m.Groups[1].Value, Names(m.Groups[2].Value))).ToList();
        return (rooms, exemptions);
    }

    static string[] Names(string list) =>
        [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(n => n != "–")];

    /// <summary>A file's room: the first folder below the project's. What lies in that folder itself belongs to no room.</summary>
    static string? RoomOf(string project, string file)
    {
        var parts = Path.GetRelativePath(Path.Combine(s_root, "src", project), file).Split(Path.DirectorySeparatorChar);
        return parts.Length > 1 ? parts[0] : null;
    }

    /// <summary>The other rooms that a file names: in using directives, or in front of one of their types.</summary>
    static IEnumerable<string> UsedRooms(string project, string file, ILookup<string, string> typesOfRoom)
    {
        var own = RoomOf(project, file);
        foreach (var line in File.ReadLines(file))
        {
            foreach (Match named in NamedRoom().Matches(line))
            {
                var (room, type) = (named.Groups["room"].Value, named.Groups["type"].Value);
                if (room == own || !typesOfRoom.Contains(room)) continue;
                var isFull = named.Value.StartsWith($"MiniRedis.{project}.", StringComparison.Ordinal);
                if (isFull || typesOfRoom[room].Contains(type)) yield return room;
            }
        }
    }

    static ILookup<string, string> TypesOfRooms(string project) => (
        from file in Sources(Path.Combine("src", project))
        where RoomOf(project, file) is not null
        from line in File.ReadLines(file)
        let declared = DeclaredType().Match(line)
        where declared.Success
        select (Room: RoomOf(project, file)!, Type: declared.Groups[1].Value)).ToLookup(t => t.Room, t => t.Type);

    /// <summary>Files a folder may have before it needs folders of its own, or a reason that stands in <see cref="s_largeFolders"/>.</summary>
    const int MostFilesOfFolder = 15;

    static readonly Dictionary<string, string> s_largeFolders = new()
    {
        ["Server/Configuration/Settings"] = "a file a group of directives, as the rows have one",
        ["Storage/Databases"] = "one class, of which each file has one concern",
    };

    [Fact]
    public void A_folder_can_be_looked_over_or_has_a_reason() => Assert.Empty(
        from project in (string[])["Server", "Storage"]
        from file in Sources(Path.Combine("src", project))
        group file by Path.GetRelativePath(Path.Combine(s_root, "src"), Path.GetDirectoryName(file)!).Replace('\\', '/') into folder
        where folder.Count() > MostFilesOfFolder && !s_largeFolders.ContainsKey(folder.Key)
        select $"{folder.Key}: {folder.Count()} files");

    /// <summary>Who makes keys go stands in docs/design/effects.md, so that a reader who asks finds all of them.</summary>
    [Fact]
    public void Whoever_makes_keys_go_is_on_the_list()
    {
        var listed = File.ReadLines(Path.Combine(s_root, "docs", "design", "effects.md"))
            .SelectMany(line => RemoverRow().Match(line).Groups[1].Captures).SelectMany(cell => Names(cell.Value)).ToHashSet();
        var found = (
            from file in Sources(Path.Combine("src", "Server"))
            where File.ReadLines(file).Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && Removal().IsMatch(line))
            select Path.GetRelativePath(Path.Combine(s_root, "src", "Server"), file).Replace('\\', '/')).ToList();
        // It has a keyspace of its own.
        found.Remove("Tracking/TrackingTable.cs");
        // It has the method that handlers call.
        found.Add("Execution/CommandContext.Keys.cs");
        Assert.Equal(found.Order(), listed.Order());
    }

    /// <summary>A row of the table: the files in its first cell.</summary>
    [GeneratedRegex(@"^\| ([A-Z]\w+/[^|]*\.cs) \|")]
    private static partial Regex RemoverRow();

    /// <summary>A call of the storage's that makes keys go.</summary>
    [GeneratedRegex(@"[kK]eyspace\.(FlushAll|TakeOver)\(|[dD]atabase\.(Delete|Rename|MoveTo|DetachAll|Clear)\(")]
    private static partial Regex Removal();

    [Theory]
    [InlineData("Server")]
    [InlineData("Storage")]
    public void A_room_uses_only_what_the_table_of_rooms_allows(string project)
    {
        var (rooms, exemptions) = Table(project);
        var types = TypesOfRooms(project);
        Assert.Empty(
            from file in Sources(Path.Combine("src", project))
            let room = RoomOf(project, file)
            where room is not null
            let allowed = rooms.Single(r => r.Name == room).MayUse
                .Concat(exemptions.Where(e => e.File == $"{room}/{Path.GetFileName(file)}").SelectMany(e => e.MayUse))
            from used in UsedRooms(project, file, types).Distinct()
            where !allowed.Contains(used)
            select $"{room}/{Path.GetFileName(file)} uses {used}");
    }

    [Theory]
    [InlineData("Server")]
    [InlineData("Storage")]
    public void References_between_rooms_run_one_way_and_every_room_is_in_the_table(string project)
    {
        var (rooms, exemptions) = Table(project);
        var names = rooms.ConvertAll(r => r.Name);
        Assert.Empty(
            from room in rooms
            from used in room.MayUse
            where !names.Take(names.IndexOf(room.Name)).Contains(used)
            select $"{room.Name} may use {used}, which does not stand above it");
        Assert.Equal(TypesOfRooms(project).Select(r => r.Key).Order(), names.Order());
        Assert.All(exemptions, e => Assert.True(File.Exists(Path.Combine(s_root, "src", project, e.File)), e.File));
    }

    [Theory]
    [InlineData("Server")]
    [InlineData("Storage")]
    public void Nothing_is_in_the_table_that_no_file_needs(string project)
    {
        var (rooms, exemptions) = Table(project);
        var types = TypesOfRooms(project);
        var used = Sources(Path.Combine("src", project)).Where(f => RoomOf(project, f) is not null)
            .SelectMany(f => UsedRooms(project, f, types).Select(r => (Room: RoomOf(project, f)!, Used: r))).ToHashSet();
        Assert.Empty(
            from room in rooms
            from other in room.MayUse
            where !used.Contains((room.Name, other))
            select $"{room.Name} uses no {other}");
        Assert.Empty(
            from exemption in exemptions
            let file = Path.Combine(s_root, "src", project, exemption.File)
            from other in exemption.MayUse
            where !UsedRooms(project, file, types).Contains(other)
            select $"{exemption.File} uses no {other}");
    }

    [Fact]
    public void Namespaces_follow_folders() => Assert.Empty(
        from file in Sources("src")
        let folders = Path.GetDirectoryName(Path.GetRelativePath(Path.Combine(s_root, "src"), file))!
        let expected = $"namespace MiniRedis.{folders.Replace(Path.DirectorySeparatorChar, '.')};"
        let found = File.ReadLines(file).FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal))
        where found is not null && found != expected
        select $"{file}: {found}");

    /// <summary>Every other class names the parts it uses in its constructor.</summary>
    [Theory]
    [InlineData("MiniRedisServer", "MiniRedisServer.cs", "Hosting/")]
    [InlineData("ServerParts", "MiniRedisServer.cs", "ApplyHooks.cs", "CrashParts.cs", "Execution/ServerParts.cs", "Execution/CommandContext.cs",
        "Execution/CommandRunner.cs", "Commands/", "Hosting/")]
    public void Only_the_root_and_commands_are_handed_the_whole_server(string type, params string[] places) => Assert.Empty(
        from file in Sources(Path.Combine("src", "Server"))
        let path = Path.GetRelativePath(Path.Combine(s_root, "src", "Server"), file).Replace(Path.DirectorySeparatorChar, '/')
        where !places.Any(place => path == place || place.EndsWith('/') && path.StartsWith(place, StringComparison.Ordinal))
        from line in File.ReadLines(file)
        where !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && Regex.IsMatch(line, $@"\b{type}\b")
        select $"{path}: {line.Trim()}");

    [GeneratedRegex(@"^\| ([A-Z]\w*) \|.*\| ([\w, –]+) \|$")]
    private static partial Regex RoomRow();

    [GeneratedRegex(@"^- `([\w/.]+\.cs)` may use ([\w, ]+):")]
    private static partial Regex ExemptionLine();

    [GeneratedRegex(@"(?<![\w.])(?:MiniRedis\.\w+\.)?(?<room>[A-Z]\w+)(?:\.(?<type>[A-Z]\w+))?")]
    private static partial Regex NamedRoom();

    [GeneratedRegex(@"^(?:(?:public|internal|static|sealed|abstract|partial|unsafe|readonly|ref) )*"
        + @"(?:class|struct|interface|enum|record struct|record) (\w+)")]
    private static partial Regex DeclaredType();
}
