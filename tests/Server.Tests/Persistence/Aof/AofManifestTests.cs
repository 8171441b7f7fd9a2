using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Tests.Persistence.Aof;

public class AofManifestTests
{
    const string Title = "*** FATAL AOF MANIFEST FILE ERROR ***\n";

    [Fact]
    public void A_list_is_written_as_it_was_read_the_history_behind_the_base()
    {
        const string Text = """
            file appendonly.aof.2.base.rdb seq 2 type b
            file appendonly.aof.3.incr.aof seq 3 type h
            file appendonly.aof.4.incr.aof seq 4 type i
            file appendonly.aof.7.incr.aof seq 7 type i

            """;
        var manifest = AofManifest.Parse(Text);
        Assert.Equal(Text, manifest.Format());
        Assert.Equal(["appendonly.aof.2.base.rdb", "appendonly.aof.4.incr.aof", "appendonly.aof.7.incr.aof"], manifest.Files.Select(f => f.Name));
        Assert.Equal((2, 7), (manifest.BaseSequence, manifest.IncrementalSequence));
    }

    [Theory]
    [InlineData("", "Found an empty AOF manifest")]
    [InlineData("\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1\n", "Reading the manifest file, at line 1\n>>> 'file a seq 1'\nInvalid AOF manifest file format")]
    [InlineData("file a seq 1 type b more\n", "Reading the manifest file, at line 1\n>>> 'file a seq 1 type b more'\nInvalid AOF manifest file format")]
    [InlineData("file a seq 0 type b\n", "Reading the manifest file, at line 1\n>>> 'file a seq 0 type b'\nInvalid AOF manifest file format")]
    [InlineData("seq 1 type b other 2\n", "Reading the manifest file, at line 1\n>>> 'seq 1 type b other 2'\nInvalid AOF manifest file format")]
    [InlineData("file \"a seq 1 type b\n", "Reading the manifest file, at line 1\n>>> 'file \"a seq 1 type b'\nInvalid AOF manifest file format")]
    [InlineData("# c\nfile a/b seq 1 type b\n", "Reading the manifest file, at line 2\n>>> 'file a/b seq 1 type b'\nFile can't be a path, just a filename")]
    [InlineData("file a\0b seq 1 type b\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1 type x\n", "Reading the manifest file, at line 1\n>>> 'file a seq 1 type x'\nUnknown AOF file type")]
    [InlineData("file a seq 1 type b\nfile b seq 2 type b\n", "Reading the manifest file, at line 2\n>>> 'file b seq 2 type b'\nFound duplicate base file information")]
    [InlineData("file a seq 2 type i\nfile b seq 2 type i\n", "Reading the manifest file, at line 2\n>>> 'file b seq 2 type i'\nFound a non-monotonic sequence number")]
    [InlineData("file \"\" seq 1 type b\n", "Reading the manifest file, at line 1\n>>> 'file \"\" seq 1 type b'\nInvalid AOF manifest file format")]
    [InlineData("file a seq 1 type \"\"\n", "Reading the manifest file, at line 1\n>>> 'file a seq 1 type \"\"'\nInvalid AOF manifest file format")]
    [InlineData("file a seq 1 other b\n", "Reading the manifest file, at line 1\n>>> 'file a seq 1 other b'\nInvalid AOF manifest file format")]
    [InlineData("name a seq 1 type b\n", "Reading the manifest file, at line 1\n>>> 'name a seq 1 type b'\nInvalid AOF manifest file format")]
    [InlineData("file a\\b seq 1 type b\n", "Reading the manifest file, at line 1\n>>> 'file a\\b seq 1 type b'\nFile can't be a path, just a filename")]
    [InlineData("file a seq 1 type i", "The AOF manifest file contains too long line")]
    public void What_makes_no_sense_is_refused_in_redis_words(string text, string expected) =>
        Assert.Equal(Title + expected, Assert.Throws<FormatException>(() => AofManifest.Parse(text)).Message);

    [Fact]
    public void A_line_of_a_kilobyte_is_too_long()
    {
        const string Around = "file  seq 1 type b";
        Assert.Single(AofManifest.Parse($"file {new string('a', 1023 - Around.Length)} seq 1 type b\n").Files);
        var text = $"file {new string('a', 1024 - Around.Length)} seq 1 type b\n";
        Assert.Equal(Title + "The AOF manifest file contains too long line", Assert.Throws<FormatException>(() => AofManifest.Parse(text)).Message);
    }

    [Fact]
    public void Comments_and_names_of_later_versions_are_passed_over()
    {
        Assert.Empty(AofManifest.Parse("# nothing yet\n").Files);
        Assert.Empty(AofManifest.Parse("# nothing yet").Files);
        var manifest = AofManifest.Parse("# by hand\n  file a  seq 3 type base newkey newvalue\r\n");
        Assert.Equal(new AofFile("a", 3, AofFileType.Base), manifest.Base);
    }

    [Theory]
    [InlineData("my file", "\"my file.1.incr.aof\"")]
    [InlineData("a\"b", "\"a\\\"b.1.incr.aof\"")]
    // Redis does not quote this one, and then cannot read its list.
    [InlineData("it's", "\"it's.1.incr.aof\"")]
    [InlineData("a~b", "a~b.1.incr.aof")]
    [InlineData("tab\tand\u00e9", "\"tab\\tand\\xe9.1.incr.aof\"")]
    public void A_name_is_quoted_where_it_must_be_and_read_as_it_was(string name, string quoted)
    {
        var text = AofManifest.Empty.WithIncremental(name).Format();
        Assert.Equal($"file {quoted} seq 1 type i\n", text);
        Assert.Equal(name + ".1.incr.aof", AofManifest.Parse(text).Incremental[0].Name);
    }

    [Fact]
    public void A_rewrite_makes_history_of_what_its_base_holds()
    {
        var before = AofManifest.Parse("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n");
        var after = before.WithIncremental("a").WithBase("a", isRdb: false, kept: 1);
        Assert.Equal("""
            file a.2.base.aof seq 2 type b
            file a.1.incr.aof seq 1 type h
            file a.1.base.rdb seq 1 type h
            file a.2.incr.aof seq 2 type i

            """, after.Format());
        Assert.Equal("file a.2.base.aof seq 2 type b\nfile a.2.incr.aof seq 2 type i\n", after.WithHistory([]).Format());
    }
}
