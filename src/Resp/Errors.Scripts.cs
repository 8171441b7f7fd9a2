namespace MiniRedis.Resp;

/// <summary>EVAL, SCRIPT, FCALL, FUNCTION, and what scripts meet.</summary>
public static partial class Errors
{
    // EVAL and SCRIPT
    public static ReadOnlySpan<byte> NoScript => "NOSCRIPT No matching script. Please use EVAL."u8;
    public static ReadOnlySpan<byte> ScriptFlushOption => "ERR SCRIPT FLUSH only support SYNC|ASYNC option"u8;
    public static ReadOnlySpan<byte> KeysExceedArguments => "ERR Number of keys can't be greater than number of args"u8;
    public static ReadOnlySpan<byte> KeysNegative => "ERR Number of keys can't be negative"u8;
    public static ReadOnlySpan<byte> ScriptDebugMode => "ERR Use SCRIPT DEBUG YES/SYNC/NO"u8;
    public static ReadOnlySpan<byte> NoScriptDebugger => "ERR This server has no Lua debugger"u8;

    // The first line
    public static ReadOnlySpan<byte> InvalidShebang => "ERR Invalid script shebang"u8;
    public static ReadOnlySpan<byte> InvalidShebangEngine => "ERR Invalid engine in script shebang"u8;
    public static ReadOnlySpan<byte> MissingLibraryMetadata => "ERR Missing library metadata"u8;
    public static ReadOnlySpan<byte> InvalidLibraryMetadata => "ERR Invalid library metadata"u8;
    public static ReadOnlySpan<byte> RepeatedLibraryName => "ERR Invalid metadata value, name argument was given multiple times"u8;
    public static ReadOnlySpan<byte> MissingLibraryName => "ERR Library name was not given"u8;
    public static ReadOnlySpan<byte> InvalidLibraryName =>
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"u8;

    // Before a script runs
    public static ReadOnlySpan<byte> ScriptOutOfMemory =>
        "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"u8;
    public static ReadOnlySpan<byte> ScriptInReadOnlyCommand => "ERR Can not execute a script with write flag using *_ro command."u8;
    public static ReadOnlySpan<byte> ScriptCannotSave =>
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. "u8
        + "Writable scripts are blocked. Use 'no-writes' flag for read only scripts."u8;

    // While it runs
    public static ReadOnlySpan<byte> BusyScript =>
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."u8;
    public static ReadOnlySpan<byte> BusyFunction =>
        "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."u8;
    public static ReadOnlySpan<byte> NotBusy => "NOTBUSY No scripts in execution right now."u8;
    public static ReadOnlySpan<byte> Unkillable =>
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or "u8
        + "kill the server in a hard way using the SHUTDOWN NOSAVE command."u8;
    public static ReadOnlySpan<byte> UnkillableOfMaster =>
        "UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed."u8;
    public static ReadOnlySpan<byte> ScriptKilled => "ERR Script killed by user with SCRIPT KILL..."u8;
    public static ReadOnlySpan<byte> ReachedLuaStackLimit => "ERR reached lua stack limit"u8;

    // Calls from a script
    public static ReadOnlySpan<byte> ScriptCallEmpty => "ERR Please specify at least one argument for this redis lib call"u8;
    public static ReadOnlySpan<byte> ScriptCallArguments => "ERR Lua redis lib command arguments must be strings or integers"u8;
    public static ReadOnlySpan<byte> ScriptUnknownCommand => "ERR Unknown Redis command called from script"u8;
    public static ReadOnlySpan<byte> ScriptWrongArity => "ERR Wrong number of args calling Redis command from script"u8;
    public static ReadOnlySpan<byte> NotAllowedFromScript => "ERR This Redis command is not allowed from script"u8;
    public static ReadOnlySpan<byte> ScriptIsReadOnly => "ERR Write commands are not allowed from read-only scripts."u8;

    public static ReadOnlySpan<byte> ScriptReplyTooLong => "ERR not enough memory for the reply of the command"u8;

    // Functions of the table "redis"
    public static ReadOnlySpan<byte> ScriptWrongArguments => "ERR wrong number of arguments"u8;
    public static ReadOnlySpan<byte> ScriptWrongReplyArguments => "ERR wrong number or type of arguments"u8;
    public static ReadOnlySpan<byte> LogArguments => "ERR redis.log() requires two arguments or more."u8;
    public static ReadOnlySpan<byte> LogLevelArgument => "ERR First argument must be a number (log level)."u8;
    public static ReadOnlySpan<byte> LogLevelInvalid => "ERR Invalid log level."u8;
    public static ReadOnlySpan<byte> SetRespArguments => "ERR redis.setresp() requires one argument."u8;
    public static ReadOnlySpan<byte> SetRespVersion => "ERR RESP version must be 2 or 3."u8;
    public static ReadOnlySpan<byte> SetReplArguments => "ERR redis.set_repl() requires one argument."u8;
    public static ReadOnlySpan<byte> SetReplFlags => "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."u8;
    public static ReadOnlySpan<byte> AclCheckCommand => "ERR Invalid command passed to redis.acl_check_cmd()"u8;

    // redis.register_function
    public static ReadOnlySpan<byte> RegisterOutsideLoad => "ERR redis.register_function can only be called on FUNCTION LOAD command"u8;
    public static ReadOnlySpan<byte> RegisterArguments => "ERR wrong number of arguments to redis.register_function"u8;
    public static ReadOnlySpan<byte> RegisterOneArgument =>
        "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."u8;
    public static ReadOnlySpan<byte> RegisterKey => "ERR named argument key given to redis.register_function is not a string"u8;
    public static ReadOnlySpan<byte> RegisterName => "ERR function_name argument given to redis.register_function must be a string"u8;
    public static ReadOnlySpan<byte> RegisterDescription => "ERR description argument given to redis.register_function must be a string"u8;
    public static ReadOnlySpan<byte> RegisterCallback => "ERR callback argument given to redis.register_function must be a function"u8;
    public static ReadOnlySpan<byte> RegisterFlags =>
        "ERR flags argument to redis.register_function must be a table representing function flags"u8;
    public static ReadOnlySpan<byte> RegisterUnknownFlag => "ERR unknown flag given"u8;
    public static ReadOnlySpan<byte> RegisterUnknownArgument => "ERR unknown argument given to redis.register_function"u8;
    public static ReadOnlySpan<byte> RegisterNoName => "ERR redis.register_function must get a function name argument"u8;
    public static ReadOnlySpan<byte> RegisterNoCallback => "ERR redis.register_function must get a callback argument"u8;
    public static ReadOnlySpan<byte> RegisterFirst => "ERR first argument to redis.register_function must be a string"u8;
    public static ReadOnlySpan<byte> RegisterSecond => "ERR second argument to redis.register_function must be a function"u8;
    public static ReadOnlySpan<byte> FunctionInLibrary => "ERR Function already exists in the library"u8;
    public static ReadOnlySpan<byte> FunctionName =>
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"u8;
    public static ReadOnlySpan<byte> LibraryLoadTimeout => "ERR FUNCTION LOAD timeout"u8;

    // FCALL and FUNCTION
    public static ReadOnlySpan<byte> FunctionNotFound => "ERR Function not found"u8;
    public static ReadOnlySpan<byte> LibraryNotFound => "ERR Library not found"u8;
    public static ReadOnlySpan<byte> NumberOfKeys => "ERR Bad number of keys provided"u8;
    public static ReadOnlySpan<byte> FunctionCodeMissing => "ERR Function code is missing"u8;
    public static ReadOnlySpan<byte> NoFunctionsRegistered => "ERR No functions registered"u8;
    public static ReadOnlySpan<byte> FunctionFlushOption => "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"u8;
    public static ReadOnlySpan<byte> LibraryNameMissing => "ERR library name argument was not given"u8;
    public static ReadOnlySpan<byte> RestorePolicy => "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."u8;
    public static ReadOnlySpan<byte> FunctionsPayload => "ERR DUMP payload version or checksum are wrong"u8;
    public static ReadOnlySpan<byte> FunctionsPayloadType => "ERR given type is not a function"u8;
    public static ReadOnlySpan<byte> FunctionsPayloadCut => "ERR can not read data type"u8;
    public static ReadOnlySpan<byte> FunctionsPayloadOld => "ERR Pre-GA function format not supported"u8;
    public static ReadOnlySpan<byte> FunctionsPayloadFailed => "ERR failed loading the given functions payload"u8;

    public static byte[] UnexpectedShebangEngine(ReadOnlySpan<byte> engine) =>
        Quote("ERR Unexpected engine in script shebang: "u8, engine, ""u8);

    public static byte[] UnknownShebangOption(ReadOnlySpan<byte> option) => Quote("ERR Unknown lua shebang option: "u8, option, ""u8);

    public static byte[] UnexpectedShebangFlag(ReadOnlySpan<byte> flag) => Quote("ERR Unexpected flag in script shebang: "u8, flag, ""u8);

    public static byte[] InvalidLibraryArgument(ReadOnlySpan<byte> part) => Quote("ERR Invalid metadata value given: "u8, part, ""u8);

    public static byte[] UnknownEngine(ReadOnlySpan<byte> engine) => Quote("ERR Engine '"u8, engine, "' not found"u8);

    public static byte[] LibraryExists(ReadOnlySpan<byte> name) => Quote("ERR Library '"u8, name, "' already exists"u8);

    /// <summary>FUNCTION RESTORE, which quotes no name.</summary>
    public static byte[] RestoredLibraryExists(ReadOnlySpan<byte> name) => Quote("ERR Library "u8, name, " already exists"u8);

    public static byte[] FunctionExists(ReadOnlySpan<byte> name) => Quote("ERR Function "u8, name, " already exists"u8);

    public static byte[] UnknownLoadOption(ReadOnlySpan<byte> option) => Quote("ERR Unknown option given: "u8, option, ""u8);

    public static byte[] UnknownListArgument(ReadOnlySpan<byte> argument) => Quote("ERR Unknown argument "u8, argument, ""u8);

    /// <param name="message">What the compiler says.</param>
    public static byte[] ScriptDoesNotCompile(ReadOnlySpan<byte> message) =>
        Quote("ERR Error compiling script (new function): "u8, message, ""u8);

    /// <inheritdoc cref="ScriptDoesNotCompile"/>
    public static byte[] LibraryDoesNotCompile(ReadOnlySpan<byte> message) => Quote("ERR Error compiling function: "u8, message, ""u8);

    /// <param name="message">The error of the library's code, with its own code in front.</param>
    public static byte[] LibraryFailed(ReadOnlySpan<byte> message) => Quote("ERR Error registering functions: "u8, message, ""u8);

    /// <param name="reason">What the operating system says, as "No space left on device".</param>
    public static string ScriptAofFailed(string reason) =>
        "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. "
        + $"Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: {reason}";

    /// <summary>An error with the place where it was raised.</summary>
    /// <param name="message">The error, its code in front.</param>
    /// <param name="script">The script's digest, or the function's name.</param>
    /// <param name="source">The name of the text, as "@user_script".</param>
    /// <param name="line">From 1.</param>
    public static byte[] InScript(ReadOnlySpan<byte> message, ReadOnlySpan<byte> script, ReadOnlySpan<byte> source, ReadOnlySpan<byte> line) =>
        [.. message, .. " script: "u8, .. script, .. ", on "u8, .. source, .. ":"u8, .. line, .. "."u8];

    /// <summary>An error that is no table: at most 100 bytes of it show.</summary>
    /// <param name="script">The script's digest, or the function's name.</param>
    /// <param name="message">The text.</param>
    public static byte[] ScriptFailed(ReadOnlySpan<byte> script, ReadOnlySpan<byte> message) =>
        [.. "ERR Error running script "u8, .. script, .. ", "u8, .. message[..Math.Min(message.Length, 100)]];
}
