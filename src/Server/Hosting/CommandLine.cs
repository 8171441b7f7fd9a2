using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Files;
using MiniRedis.Server.Hosting.Process;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using CliCommand = System.CommandLine.Command;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// The command line, in redis-server's own form: <c>miniredis [file] [--directive value ...] [-]</c>. System.CommandLine handles
/// --help, --version and subcommands. It cannot handle directives (there are hundreds, they repeat, and a value may start with
/// "--"), so everything else goes unchanged to <see cref="CommandLineConfig"/>.
/// </summary>
static class CommandLine
{
    /// <summary>Runs to the end. Returns the exit code: 0, or 1 if the server could not start.</summary>
    public static int Run(string[] args)
    {
        Disk.OpenStandardDescriptors();
        Disk.FailAtSizeLimit();
        Disk.HeedSignals();
        AbortSignal.Hold();
        args = ArgumentBytes.Restore(args);
        switch (CommandLineConfig.Parse(args).Action)
        {
            case CommandLineAction.Version:
                Console.WriteLine(VersionText());
                return 0;
            case CommandLineAction.CheckSystem:
                Console.WriteLine("Nothing to check: this server never forks, so neither overcommit nor huge pages can harm it.");
                return 0;
            case CommandLineAction.TestMemory:
                Console.Error.WriteLine("MiniRedis has no memory tester. Use memtest86, or memtester.");
                return 1;
        }
        if (IsTool("check-rdb", args, out var first)) return CheckRdbCommand().Parse(args[first..]).Invoke();
        if (IsTool("check-aof", args, out first)) return CheckAofCommand().Parse(args[first..]).Invoke();
        if (IsTool("ping", args, out first)) return PingCommand().Parse(args[first..]).Invoke();
        var words = new Argument<string[]>("configuration")
        {
            Description = "A configuration file, then directives as '--name value ...'; '-' reads more of them from standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var root = new RootCommand("""
            MiniRedis: an in-memory cache server that speaks the Redis protocol.

              miniredis /etc/miniredis.conf
              miniredis /etc/miniredis.conf --port 6380 --maxmemory 2gb
              echo 'maxmemory 2gb' | miniredis -
              miniredis --check-system
            """) { words, CheckRdbCommand(), CheckAofCommand(), PingCommand() };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction(_ => ThreadLimit.Guard(() => Serve(args)));
        // Only a leading -h or --help asks for help. After a file name it belongs to a directive, as for redis-server.
        return root.Parse(args.Length > 0 && args[0] is "-h" or "--help" ? ["--help"] : []).Invoke();
    }

    /// <summary>
    /// Whether the command line asks for a tool: by its name as the first argument, or by a link to the executable whose name
    /// ends with it, as redis-check-rdb is a link to redis-server. A configuration file of that name can be given as
    /// "./check-rdb".
    /// </summary>
    static bool IsTool(string name, string[] args, out int first)
    {
        first = args.Length > 0 && args[0] == name ? 1 : 0;
        return first > 0 || Path.GetFileNameWithoutExtension(Environment.GetCommandLineArgs()[0]).EndsWith(name, StringComparison.Ordinal);
    }

    static CliCommand CheckRdbCommand()
    {
        var file = new Argument<string>("file") { Description = "The RDB file." };
        var command = new CliCommand("check-rdb", "Says whether an RDB file can be loaded; what is wrong with it, and where, if not.") { file };
        command.SetAction(parsed => RdbCheck.Run(parsed.GetRequiredValue(file), Console.Out));
        return command;
    }

    static CliCommand CheckAofCommand()
    {
        var fix = new Option<bool>("--fix") { Description = "Cut off what stands behind the last whole command of the last file, after asking." };
        var until = new Option<long?>("--truncate-to-timestamp")
        {
            Description = "Cut off what was written after a Unix time, in seconds.",
            CustomParser = given =>
            {
                if (long.TryParse(given.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var time)) return time;
                given.AddError("Invalid timestamp, aborting...");
                return null;
            },
        };
        var file = new Argument<string>("file") { Description = "The manifest, or a single append-only file." };
        var command = new CliCommand("check-aof", "Says whether an append-only file can be loaded; what is wrong with it, and where, if not.")
        {
            fix, until, file,
        };
        command.Validators.Add(given =>
        {
            if (given.GetValue(fix) && given.GetValue(until) is not null) given.AddError("--fix and --truncate-to-timestamp exclude each other.");
        });
        command.SetAction(parsed => AofCheck.Run(
            parsed.GetRequiredValue(file), new(parsed.GetValue(fix), parsed.GetValue(until)), Console.Out, Console.In));
        return command;
    }

    static CliCommand PingCommand()
    {
        var host = new Option<string>("--host") { Description = "Where it listens.", DefaultValueFactory = _ => Ping.DefaultHost };
        var port = new Option<int>("--port", "-p") { Description = "On which port.", DefaultValueFactory = _ => Ping.DefaultPort };
        var tls = new Option<bool>("--tls") { Description = "Speak TLS; the other options below imply it." };
        var authority = new Option<string?>("--cacert") { Description = "The file of the certificates that are trusted." };
        var certificate = new Option<string?>("--cert") { Description = "The file of the certificate to show." };
        var key = new Option<string?>("--key") { Description = "The file of its key." };
        var insecure = new Option<bool>("--insecure") { Description = "Take any certificate of the server." };
        var command = new CliCommand("ping", "Asks a server whether it is alive; the exit code is 0 if it replies.")
        {
            host, port, tls, authority, certificate, key, insecure,
        };
        command.SetAction(parsed =>
        {
            var wanted = new PingTls(parsed.GetValue(authority), parsed.GetValue(certificate), parsed.GetValue(key), parsed.GetValue(insecure));
            var isPlain = !parsed.GetValue(tls) && wanted == new PingTls();
            return Ping.Run(parsed.GetRequiredValue(host), parsed.GetRequiredValue(port), isPlain ? null : wanted, Console.Out);
        });
        return command;
    }

    static string VersionText() =>
        $"MiniRedis server v={ServerVersion.Own} redis={ServerVersion.Redis} bits={IntPtr.Size * 8} runtime={Environment.Version}";

    static int Serve(string[] args)
    {
        var lost = LeaveLostDirectory();
        var config = new ServerConfig();
        var root = config.Persistence.Dir;
        LoadedConfig loaded;
        var commandLine = CommandLineConfig.Parse(args, Environment.GetCommandLineArgs()[0]);
        if (lost is not null && commandLine.File is { } relative && !Path.IsPathFullyQualified(relative))
        {
            Console.Error.WriteLine($"Can't open the config file {relative}: the working directory is not there any more ({lost})");
            return 1;
        }
        // Resolved before the file is read: its "dir" changes the base of relative paths, but its own name is relative to the
        // directory of the start.
        var configFile = commandLine.File is { } file ? config.Persistence.PathOf(file) : null;
        try
        {
            loaded = ConfigFile.Load(config, commandLine);
        }
        catch (ConfigFileException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }

        if (lost is not null && config.Persistence.Dir == root)
        {
            Console.Error.WriteLine($"The working directory is not there any more ({lost}), and \"dir\" names no other for the data");
            return 1;
        }

        using var logProvider = new RedisLogProvider(TimeProvider.System);
        try
        {
            logProvider.Configure(config);
            if (config.SentinelMode) logProvider.Role = 'X';
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(ConfigErrors.CannotOpenLog(DiskException.Describe(failure)));
            return 1;
        }
        var log = new ServerLog(logProvider);
        log.Starting();
        log.Version(ServerVersion.Own, ServerVersion.Redis, IntPtr.Size * 8, Environment.ProcessId);
        if (args.Length == 0) log.NoConfigurationFile();
        else log.ConfigurationLoaded();
        if (config.SentinelMode && !CanKeepState(configFile, log)) return 1;
        return Host(config, loaded, configFile, logProvider, log);
    }

    /// <summary>Leaves a working directory that was deleted, or may not be looked at, for the root.</summary>
    /// <returns>The reason; null if there is a working directory.</returns>
    static string? LeaveLostDirectory()
    {
        try
        {
            Directory.GetCurrentDirectory();
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Directory.SetCurrentDirectory(Path.DirectorySeparatorChar.ToString());
            return DiskException.Describe(failure);
        }
    }

    /// <summary>Whether a Sentinel has a file for what it must not forget.</summary>
    static bool CanKeepState(string? configFile, ServerLog log)
    {
        if (configFile is null)
        {
            log.SentinelWarning("Sentinel needs config file on disk to save state. Exiting...");
            return false;
        }
        try
        {
            DiskFile.Open(configFile, DiskFileMode.Append).Dispose();
            return true;
        }
        catch (IOException failure)
        {
            log.SentinelWarning($"Sentinel config file {configFile} is not writable: {DiskException.Describe(failure)}. Exiting...");
            return false;
        }
    }

    static int Host(ServerConfig config, LoadedConfig loaded, string? configFile, RedisLogProvider logProvider, ServerLog log)
    {
        var server = new MiniRedisServer(config, log);
        if (server.ApplyRenames(loaded.RenamedCommands) is { } renameError)
        {
            Console.Error.WriteLine(renameError);
            return 1;
        }
        if (server.LoadUsers(loaded.Users) is { } usersError)
        {
            Console.Error.WriteLine(usersError);
            return 1;
        }
        if (server.LoadSentinel(loaded.Sentinel) is { } refused)
        {
            var line = loaded.Sentinel[refused.Index];
            Console.Error.WriteLine(
                ConfigFileReport.ForLine(line.Line, string.Join(' ', line.Words), refused.Error, line.Source, line.Line).Message);
            return 1;
        }
        server.Parts.ConfigService.FilePath = configFile;
        logProvider.Follow(server.Parts.ConfigService);
        ProcessTitle.Follow(server.Parts.ConfigService);
        void ShowRole() => logProvider.Role = config.SentinelMode ? 'X' : config.Replication.ReplicaOf is null ? 'M' : 'S';
        ShowRole();
        server.Parts.Follower.RoleChanged += ShowRole;
        foreach (var note in loaded.Notes.Concat(server.Parts.ConfigService.InertNotes())) log.Note(note);
        var isPlain = config.Logging.LogFormat == LogFormat.Legacy;
        if (isPlain && (config.Process.AlwaysShowLogo || config.Logging.LogFile.Length == 0 && !Console.IsOutputRedirected))
            logProvider.WriteRaw(Banner.Text(ServerVersion.Own, ServerVersion.Redis, config.Mode, config.Network.Port));
        else log.RunningMode(config.Mode, config.Network.Port);

        ReportFaults(server.Parts);
        using var host = new ServerHost(server.Parts, log);
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        // The reason of a failed start is already in the log, without a stack. An unexpected exception ends the process and
        // reports itself.
        builder.Logging.AddProvider(logProvider).SetMinimumLevel(LogLevel.Trace).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.AddSingleton(log);
        builder.Services.AddSingleton(logProvider);
        builder.Services.AddSingleton(host);
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddHostedService<RedisServerService>();
        using var app = builder.Build();
        try
        {
            app.Run();
            return host.ExitCode;
        }
        catch (StartFailedException)
        {
            return 1;
        }
    }

    /// <summary>Has the log tell of what ends the process.</summary>
    static void ReportFaults(ServerParts server)
    {
        server.Exit.Abort = () =>
        {
            if (server.Config.Process.UseExitOnPanic) Disk.EndProcess(1);
            AbortSignal.Raise();
        };
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) => server.Crash.Write(
            [$"{Name} crashed by an exception that nobody caught: {unhandled.ExceptionObject.GetType()}"], unhandled.ExceptionObject.ToString()!);
        AbortSignal.Catch(() => server.Crash.Write([$"{Name} crashed by signal: {AbortSignal.Number}"], Environment.StackTrace));
    }

    static string Name => $"MiniRedis {ServerVersion.Own}, Redis {ServerVersion.Redis},";
}
