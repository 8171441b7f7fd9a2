using System.Diagnostics;
using System.Text;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Names of files that are no UTF-8, as a shell hands them over.</summary>
public sealed class NameBytesTests
{
    [Fact]
    public void Arguments_that_are_no_UTF8_name_the_files_that_they_say()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells the bytes of arguments");
        var directory = Directory.CreateTempSubdirectory("miniredis-bytes-");
        var port = ServerProcess.FreePort();
        // 344 and 374 are a and u with dots in Latin-1.
        const string Script = """
            cd "$1" && mkdir -p "$(printf '\344/a\366')" && touch "$(printf '\344/\377')" "$(printf '\344/a\366/\377\376')"
            exec dotnet "$2" --port "$3" --bind 127.0.0.1 --save "" --dir "$1/$(printf '\344')" --dbfilename "$(printf 'd\374.rdb')" \
                --appendonly yes --appenddirname "$(printf 'a\366')" --appendfilename "$(printf 'f\351.aof')" \
                --pidfile "$(printf 'p\344.pid')" --unixsocket "$(printf 's\344.sock')" --unixsocketperm 700
            """;
        var server = Path.Combine(AppContext.BaseDirectory, "miniredis.dll");
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", directory.FullName, server, $"{port}"])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var printed = new StringBuilder();
            while (!printed.ToString().Contains("Ready to accept connections", StringComparison.Ordinal))
                printed.AppendLine(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException(printed.ToString()));
            using var client = new RawClient(port);
            Assert.EndsWith("/\xE4", client.Call("CONFIG GET dir"));
            Assert.Equal("+OK", client.Call("SET k v"));
            Assert.Equal("+OK", client.Call("SAVE"));
            Assert.Equal("*2 $10 dbfilename $6 d\xFC.rdb", client.Call("CONFIG GET dbfilename"));
            // The shell sees the files under the bytes of their names.
            const string Look = """
                cd "$1/$(printf '\344')" && test -s "$(printf 'd\374.rdb')" && test -s "$(printf 'a\366/f\351.aof.manifest')" \
                    && test -s "$(printf 'p\344.pid')" && test -S "$(printf 's\344.sock')"
                """;
            using var look = Process.Start("/bin/sh", ["-c", Look, "sh", directory.FullName])!;
            look.WaitForExit();
            Assert.Equal(0, look.ExitCode);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
            using var remove = Process.Start("/bin/rm", ["-r", directory.FullName])!;
            remove.WaitForExit();
        }
    }
}
