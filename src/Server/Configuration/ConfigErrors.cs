using System.Globalization;

namespace MiniRedis.Server.Configuration;

/// <summary>
/// Every reason to refuse a setting, from a file or by CONFIG SET. The replies of CONFIG SET around it are in
/// <see cref="Resp.Errors"/>. The wording is Redis 7's, since clients and operators match on it.
/// </summary>
internal static class ConfigErrors
{
    public const string NotYesOrNo = "argument must be 'yes' or 'no'";
    public const string NotMemory = "argument must be a memory value";
    public const string NotMemoryOrPercent = "argument must be a memory or percent value";
    public const string NotOctal = "argument couldn't be parsed as an octal number";
    public const string NotInteger = "argument couldn't be parsed into an integer";
    public const string WrongNumberOfArguments = "wrong number of arguments";
    public const string ZeroByte = "argument contains a zero byte";
    public const string InvalidSave = "Invalid save parameters";
    public const string BufferLimitArguments = "Wrong number of arguments in buffer limit configuration.";
    public const string BufferLimitClass = "Invalid client class specified in buffer limit configuration.";
    public const string BufferLimitValue = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    public const string OomScoreAdjValues = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    public const string EventClass = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    public const string CannotAdjustOomScore = "Failed to set current oom_score_adj. Check server logs.";
    public const string TooManyBindAddresses = "Too many bind addresses specified.";
    public const string InvalidMasterPort = "Invalid master port";
    public const string Percentile = "Invalid latency-tracking-info-percentiles parameters";
    public const string PercentileRange = "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    public const string NoMemory = "There is no memory for it.";
    public const string CannotTurnAof = "Unable to turn on AOF. Check server logs.";
    public const string SaveAndNoSave = "shutdown options SAVE and NOSAVE can't be used simultaneously";
    public const string HostnameTooLong = "Hostnames must be less than 256 characters";
    public const string HostnameCharacters = "Hostnames may only contain alphanumeric characters, hyphens or dots";
    public const string NodeNameCharacters = "Announced human node name contained invalid character";
    public const string InvalidIpV4 = "Invalid IPv4 address";
    public const string InvalidIpV6 = "Invalid IPv6 address";
    public const string ProcTitleTemplate = "template format is invalid or contains unknown variables";
    public const string NoSuchDirectory = "No such file or directory";
    public const string NotADirectory = "Not a directory";
    public const string UserWithColon = "a user's name can't have a colon";

    public const string PolicyWithoutOption = "a cache policy is a prefix, and names with numbers: ttl, max-ttl, neg-ttl, stale, jitter";
    public const string PolicyAboveMaximum = "ttl and neg-ttl, each with stale, must not be above max-ttl";

    public const string UnbalancedQuotes = "Unbalanced quotes in configuration line";
    public const string BadDirective = "Bad directive or wrong number of arguments";
    public const string SentinelOnly = "sentinel directive while not in sentinel mode";
    public const string ReplicaOfInCluster = "replicaof directive not allowed in cluster mode";
    public const string NoModules = "this server loads no modules";

    public const string CannotListen = "Unable to listen on this port. Check server logs.";
    public const string CannotUpdateTls = "Unable to update TLS configuration. Check server logs.";
    public const string CannotBind = "Failed to bind to specified addresses.";
    public const string CannotServeMetrics = "Unable to serve metrics. Check server logs.";
    public const string Immutable = "can't set immutable config";
    public const string Protected = "can't set protected config";
    public const string Duplicate = "duplicate parameter";

    public static string CannotOpenLog(string reason) => $"Can't open the log file: {reason}";

    public static string TooManyClients(long possible) => string.Create(CultureInfo.InvariantCulture,
        $"The operating system is not able to handle the specified number of clients, try with {possible}");

    public static string Empty(string name) => $"{name} can't be empty";

    public static string NotAFileName(string name, string what) => $"{name} can't be a path, just a {what}";

    public static string OutOfRange(long low, long high) =>
        string.Create(CultureInfo.InvariantCulture, $"argument must be between {low} and {high} inclusive");

    public static string OutOfOctalRange(long low, long high) =>
        $"argument must be between {Convert.ToString(low, 8)} and {Convert.ToString(high, 8)} inclusive";

    public static string PolicyOption(string word) => $"a cache policy has no option '{word}'";

    public static string PolicyOptionTwice(string name) => $"a cache policy has one {name}";

    public static string PolicyNumber(string name, int low, int high) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} must be between {low} and {high} inclusive");

    public static string PolicyPrefix(int longest) =>
        string.Create(CultureInfo.InvariantCulture, $"a prefix must not be longer than {longest} bytes");

    public static string TooManyPolicies(int most) => string.Create(CultureInfo.InvariantCulture, $"there may be {most} cache policies at most");

    public static string PercentTooLarge(long high) =>
        string.Create(CultureInfo.InvariantCulture, $"percentage argument must be less or equal to {high}");

    public static string NotOneOf(IEnumerable<string> names) =>
        "argument(s) must be one of the following: " + string.Join(", ", names);
}
