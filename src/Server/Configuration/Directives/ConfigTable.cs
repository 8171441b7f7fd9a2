using System.Collections.Frozen;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>
/// Every directive that Redis 7.4, Valkey 8.0 and Valkey 8.1 know, once, newer ones that act, and our own. There is one file of rows for
/// each topic. Their order is the order of CONFIG GET and of lines that CONFIG REWRITE appends.
/// </summary>
/// <remarks>
/// Where Redis and Valkey disagree about a default, Redis 7.4 wins: this server replaces it. A row that acts names a field of
/// <see cref="ServerConfig"/> that the rest of the server reads. A row that does not says why in <see cref="Directive.Inert"/>;
/// it is still accepted, so that an existing redis.conf works unchanged.
/// </remarks>
internal static partial class ConfigTable
{
    const DirectiveFlags Immutable = DirectiveFlags.Immutable;
    const DirectiveFlags Hidden = DirectiveFlags.Hidden;
    const DirectiveFlags MultiArg = DirectiveFlags.MultiArg;
    const DirectiveFlags Sensitive = DirectiveFlags.Sensitive;

    const string Own = "MiniRedis";
    const string Valkey80 = "Valkey 8.0";
    const string Valkey81 = "Valkey 8.1";
    const string Valkey90 = "Valkey 9.0";
    const string Valkey92 = "Valkey 9.2";

    public static IReadOnlyList<Directive> All { get; } =
    [
        .. Network(), .. Process(), .. Logging(), .. Security(), .. Memory(), .. Encodings(), .. Persistence(), .. Replication(),
        .. Cluster(), .. Observation(), .. Tls(), .. Metrics(),
        .. Caching(),
    ];

    static readonly FrozenDictionary<string, Directive> ByName = All
        .SelectMany(d => d.Alias is null ? [(d.Name, d)] : new[] { (d.Name, d), (Name: d.Alias, d) })
        .ToFrozenDictionary(p => p.Name, p => p.d, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Directives of Redis before 7 that a file may still hold. They take one argument and are skipped, as in Redis.
    /// </summary>
    static readonly FrozenSet<string> Retired = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands");

    /// <summary>Directives that only files may hold: CONFIG GET and SET do not know them.</summary>
    public static IReadOnlyList<string> FileOnly { get; } = ["include", "rename-command", "user", "loadmodule", "sentinel"];

    /// <summary>The directive of this name or alias, whatever its case; null if there is none.</summary>
    public static Directive? Find(string name) => ByName.GetValueOrDefault(name);

    public static bool IsRetired(string name) => Retired.Contains(name);

    /// <summary>Whether the value of this directive must be kept out of SLOWLOG, MONITOR and logs.</summary>
    public static bool IsSensitive(string name) => Find(name)?.Is(DirectiveFlags.Sensitive) == true;

    static BoolDirective Bool(string name, bool value, FieldOf<bool> field, DirectiveFlags flags = 0, string? alias = null,
        string from = "Redis 7.4", string? inert = null) => new()
    {
        Name = name, Alias = alias, Flags = flags, DefaultFrom = from, Inert = inert,
        Default = value ? "yes" : "no", Field = field,
    };

    static NumberDirective Int(string name, int value, (int Low, int High) range, FieldOf<int> field, DirectiveFlags flags = 0,
        string? alias = null, string from = "Redis 7.4", string? inert = null, NumberFormat format = NumberFormat.Integer,
        Func<int, int>? normalize = null) => new()
    {
        Name = name, Alias = alias, Flags = flags, DefaultFrom = from, Inert = inert, Format = format,
        Default = format == NumberFormat.Octal ? Convert.ToString(value, 8) : ConfigNumber.Text(value),
        Low = range.Low, High = range.High,
        Read = c => field(c), Write = (c, v) => field(c) = normalize is null ? (int)v : normalize((int)v),
    };

    static NumberDirective Long(string name, long value, (long Low, long High) range, FieldOf<long> field,
        DirectiveFlags flags = 0, string? alias = null, string from = "Redis 7.4", string? inert = null,
        NumberFormat format = NumberFormat.Integer) => new()
    {
        Name = name, Alias = alias, Flags = flags, DefaultFrom = from, Inert = inert, Format = format,
        Default = ConfigNumber.Text(value), Low = range.Low, High = range.High,
        Read = c => field(c), Write = (c, v) => field(c) = v,
    };

    static NumberDirective Bytes(string name, long value, (long Low, long High) range, FieldOf<long> field,
        DirectiveFlags flags = 0, string? alias = null, string from = "Redis 7.4") =>
        Long(name, value, range, field, flags, alias, from, format: NumberFormat.Memory);

    static StringDirective Text(string name, string value, FieldOf<string> field, DirectiveFlags flags = 0, string? alias = null,
        string from = "Redis 7.4", string? inert = null, Func<string, string?>? check = null) => new()
    {
        Name = name, Alias = alias, Flags = flags, Default = ConfigLine.Quote(value), DefaultFrom = from, Inert = inert,
        Field = field, Check = check,
    };

    /// <summary>Text for which empty means "not set".</summary>
    static StringDirective Optional(string name, FieldOf<string> field, DirectiveFlags flags = 0, string? alias = null,
        string from = "Redis 7.4", string? inert = null, Func<string, string?>? check = null) => new()
    {
        Name = name, Alias = alias, Flags = flags, Default = "\"\"", DefaultFrom = from, Inert = inert,
        Field = field, Check = check, EmptyIsUnset = true,
    };

    static EnumDirective<T> Choice<T>(string name, string value, FieldOf<T> field, (string, T)[] names, DirectiveFlags flags = 0,
        string from = "Redis 7.4", string? inert = null, Func<T, string?>? check = null) where T : struct, Enum => new()
    {
        Name = name, Flags = flags, Default = value, DefaultFrom = from, Inert = inert,
        Field = field, Names = names, Check = check,
    };

    static CustomDirective Custom(string name, string value, CustomDirective.Parser parse, Func<ServerConfig, string> format,
        DirectiveFlags flags = 0, string? alias = null, string from = "Redis 7.4", string? inert = null,
        Func<ServerConfig, ServerConfig, IEnumerable<(string, bool)>>? rewrite = null) => new()
    {
        Name = name, Alias = alias, Flags = flags, Default = value, DefaultFrom = from, Inert = inert, Parse = parse,
        Format = format, Rewrite = rewrite,
    };

    const int Mb = 1024 * 1024;
}
