using MiniRedis.Server.Files;

namespace MiniRedis.Server.Tests.Files;

/// <summary>The system's answers reach their callers as they are. Linux only: elsewhere the runtime words them.</summary>
public sealed class DiskTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-disk-");

    public void Dispose() => _directory.Delete(recursive: true);

    string PathOf(string name) => Path.Combine(_directory.FullName, name);

    static string Reason(Action act) => Assert.Throws<DiskException>(act).Message;

    [Fact]
    public void A_full_device_is_an_error_with_the_systems_words()
    {
        using var full = DiskFile.Open("/dev/full", DiskFileMode.Append);
        Assert.Equal("No space left on device", Reason(() => full.Write("x"u8)));
        Assert.Equal("No space left on device", full.TryWrite("x"u8, out var written)!.Message);
        Assert.Equal(0, written);
    }

    [Fact]
    public void A_file_is_written_at_its_end_whoever_else_writes()
    {
        using var one = DiskFile.Open(PathOf("a"), DiskFileMode.Empty);
        using var other = DiskFile.Open(PathOf("a"), DiskFileMode.Append);
        one.Write("one "u8);
        other.Write("two "u8);
        one.Write("three"u8);
        one.Sync();
        Assert.Equal("one two three", File.ReadAllText(PathOf("a")));
        Assert.Equal(13, other.Length);
        one.Truncate(4);
        other.Write("end"u8);
        Assert.Equal("one end", File.ReadAllText(PathOf("a")));
    }

    [Fact]
    public void A_file_too_large_for_the_file_system_is_an_error_like_any_other()
    {
        using var file = DiskFile.Open(PathOf("a"), DiskFileMode.Empty);
        Assert.Equal("File too large", Reason(() => file.Truncate(long.MaxValue)));
    }

    [Fact]
    public void A_new_file_must_not_be_there()
    {
        File.WriteAllText(PathOf("a"), "kept");
        Assert.Equal("File exists", Reason(() => DiskFile.Open(PathOf("a"), DiskFileMode.New)));
        Assert.Equal("kept", File.ReadAllText(PathOf("a")));
    }

    /// <summary>The runtime would copy. A crash would then leave a part under the final name.</summary>
    [Fact]
    public void A_file_is_not_renamed_to_another_file_system()
    {
        var elsewhere = Path.Combine("/dev/shm", Path.GetRandomFileName());
        File.WriteAllText(PathOf("a"), "x");
        Assert.Equal("Invalid cross-device link", Reason(() => Disk.Replace(PathOf("a"), elsewhere)));
        Assert.True(File.Exists(PathOf("a")));
        Assert.False(File.Exists(elsewhere));
    }

    [Fact]
    public void Nothing_is_something_else_than_what_cannot_be_told()
    {
        File.WriteAllText(PathOf("a"), "123");
        File.CreateSymbolicLink(PathOf("dangling"), PathOf("nowhere"));
        Assert.Equal(PathKind.File, Disk.KindOf(PathOf("a")));
        Assert.Equal(PathKind.Directory, Disk.KindOf(_directory.FullName));
        Assert.Equal(PathKind.Nothing, Disk.KindOf(PathOf("b")));
        Assert.Equal(PathKind.Nothing, Disk.KindOf(PathOf("dangling")));
        Assert.Equal("Not a directory", Reason(() => Disk.KindOf(PathOf("a/b"))));
        Assert.Equal(3, Disk.LengthOf(PathOf("a")));
        Assert.Equal(0, Disk.LengthOf(PathOf("b")));
        Assert.Equal("Not a directory", Reason(() => Disk.LengthOf(PathOf("a/b"))));
        Assert.Throws<FileNotFoundException>(() => Disk.OpenRead(PathOf("b")));
        Assert.Equal("Is a directory", Reason(() => Disk.OpenRead(_directory.FullName)));
        Assert.Equal("Not a directory", Reason(() => Disk.OpenRead(PathOf("a/b"))));
        Assert.Equal("123"u8, Disk.ReadAll(PathOf("a")));
    }

    [Fact]
    public void Directories_are_made_once_and_synced()
    {
        Assert.True(Disk.CreateDirectory(PathOf("d")));
        Assert.False(Disk.CreateDirectory(PathOf("d")));
        Disk.SyncDirectory(PathOf("d"));
        Assert.Equal("No such file or directory", Reason(() => Disk.SyncDirectory(PathOf("none"))));
        File.WriteAllText(PathOf("a"), "");
        Assert.Equal("Not a directory", Reason(() => Disk.CreateDirectory(PathOf("a"))));
    }

    [Fact]
    public void What_is_there_is_deleted_and_what_cannot_be_is_told()
    {
        File.WriteAllText(PathOf("a"), "");
        Disk.Delete(PathOf("a"));
        Assert.False(File.Exists(PathOf("a")));
        Disk.Delete(PathOf("a"));
        Assert.Equal("Is a directory", Reason(() => Disk.Delete(_directory.FullName)));
    }

    [Fact]
    public void A_locked_directory_is_another_servers_until_that_lets_it_go()
    {
        var first = DirectoryLock.TryTake(_directory.FullName);
        Assert.NotNull(first);
        Assert.Null(DirectoryLock.TryTake(_directory.FullName));
        first.Dispose();
        using var second = DirectoryLock.TryTake(_directory.FullName);
        Assert.NotNull(second);
        Assert.Empty(_directory.GetFileSystemInfos());
    }

    [Fact]
    public void The_runtimes_exceptions_are_worded_as_the_system_would()
    {
        Assert.Equal("File too large", DiskException.Describe(new ArgumentOutOfRangeException("value")));
        Assert.Equal("Operation canceled", DiskException.Describe(new OperationCanceledException()));
        Assert.Equal("Permission denied", DiskException.Describe(new UnauthorizedAccessException("Access to the path '/secret' is denied.")));
        Assert.Equal("No such file or directory", DiskException.Describe(new FileNotFoundException("Could not find file '/secret'.")));
        Assert.Equal("Text file busy", DiskException.Describe(new IOException("Text file busy : '/secret'")));
    }
}
