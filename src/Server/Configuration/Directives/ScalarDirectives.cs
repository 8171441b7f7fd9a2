using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>yes or no.</summary>
internal sealed class BoolDirective : Directive
{
    public required FieldOf<bool> Field { get; init; }

    public override string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args[0].Equals("yes", StringComparison.OrdinalIgnoreCase)) Field(config) = true;
        else if (args[0].Equals("no", StringComparison.OrdinalIgnoreCase)) Field(config) = false;
        else return ConfigErrors.NotYesOrNo;
        return null;
    }

    public override string Get(ServerConfig config) => Field(config) ? "yes" : "no";
}

internal enum NumberFormat : byte { Integer, Memory, MemoryOrPercent, Octal }

/// <summary>A number within a range. Percentages are kept negative, as Redis keeps them: -5 is 5%.</summary>
internal sealed class NumberDirective : Directive
{
    public required Func<ServerConfig, long> Read { get; init; }

    public required Action<ServerConfig, long> Write { get; init; }

    public NumberFormat Format { get; init; }

    public required long Low { get; init; }

    public required long High { get; init; }

    public override string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (!TryParse(args[0], out var value, out var isPercent))
        {
            return Format switch
            {
                NumberFormat.Memory => ConfigErrors.NotMemory,
                NumberFormat.MemoryOrPercent => ConfigErrors.NotMemoryOrPercent,
                NumberFormat.Octal => ConfigErrors.NotOctal,
                _ => ConfigErrors.NotInteger,
            };
        }
        if (isPercent && value < Low) return ConfigErrors.PercentTooLarge(-Low);
        if (value < Low || value > High)
            return Format == NumberFormat.Octal ? ConfigErrors.OutOfOctalRange(Low, High) : ConfigErrors.OutOfRange(Low, High);
        Write(config, value);
        return null;
    }

    bool TryParse(string text, out long value, out bool isPercent)
    {
        isPercent = false;
        switch (Format)
        {
            case NumberFormat.Integer: return ConfigNumber.TryParseStrict(text, out value);
            case NumberFormat.Octal: return ConfigNumber.TryParseOctal(text, out value);
            case NumberFormat.Memory: return ConfigNumber.TryParseMemory(text, out value);
            default:
                if (ConfigNumber.TryParseMemory(text, out value)) return true;
                isPercent = text.EndsWith('%') && ConfigNumber.TryParseStrict(text.AsSpan(0, text.Length - 1), out value)
                    && value >= 0;
                value = -value;
                return isPercent;
        }
    }

    public override string Get(ServerConfig config)
    {
        var value = Read(config);
        return Format switch
        {
            NumberFormat.MemoryOrPercent when value < 0 => ConfigNumber.Text(-value) + "%",
            NumberFormat.Octal => Convert.ToString(value, 8),
            _ => ConfigNumber.Text(value),
        };
    }

    public override IEnumerable<(string Line, bool Force)> Lines(ServerConfig config, ServerConfig defaults)
    {
        var value = Read(config);
        var isMemory = Format == NumberFormat.Memory || (Format == NumberFormat.MemoryOrPercent && value >= 0);
        return [($"{Name} {(isMemory ? ConfigNumber.FormatMemory(value) : Get(config))}", value != Read(defaults))];
    }
}

/// <summary>One of a list of names, or with <see cref="DirectiveFlags.MultiArg"/> a set of them.</summary>
internal sealed class EnumDirective<T> : Directive where T : struct, Enum
{
    public required FieldOf<T> Field { get; init; }

    /// <summary>In the order of error texts. If two names have one value, CONFIG GET shows the first.</summary>
    public required (string Name, T Value)[] Names { get; init; }

    public Func<T, string?>? Check { get; init; }

    public override string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.IsEmpty || (args.Length > 1 && !Is(DirectiveFlags.MultiArg))) return NotOneOf();
        var bits = 0;
        foreach (var arg in args)
        {
            var at = Array.FindIndex(Names, n => n.Name.Equals(arg, StringComparison.OrdinalIgnoreCase));
            if (at < 0) return NotOneOf();
            bits |= ToInt(Names[at].Value);
        }
        var value = (T)Enum.ToObject(typeof(T), bits);
        if (Check?.Invoke(value) is { } error) return error;
        Field(config) = value;
        return null;
    }

    public override string Get(ServerConfig config)
    {
        var bits = ToInt(Field(config));
        foreach (var (name, value) in Names)
            if (ToInt(value) == bits) return name;
        return string.Join(' ', Names.Where(n => ToInt(n.Value) != 0 && (ToInt(n.Value) & bits) != 0).Select(n => n.Name));
    }

    string NotOneOf() => ConfigErrors.NotOneOf(Names.Select(n => n.Name));

    static int ToInt(T value) => Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Text, in the form that <see cref="ConfigText"/> describes.</summary>
internal sealed class StringDirective : Directive
{
    public required FieldOf<string> Field { get; init; }

    public Func<string, string?>? Check { get; init; }

    /// <summary>Whether the empty text means "not set", so that CONFIG REWRITE drops the line instead of writing "".</summary>
    public bool EmptyIsUnset { get; init; }

    public override string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        // No name of a file, a host or a user has one. Secrets are any bytes.
        if (args[0].Contains('\0') && !Is(DirectiveFlags.Sensitive)) return ConfigErrors.ZeroByte;
        if (Check?.Invoke(args[0]) is { } error) return error;
        Field(config) = args[0];
        return null;
    }

    public override string Get(ServerConfig config) => Field(config);

    public override IEnumerable<(string Line, bool Force)> Lines(ServerConfig config, ServerConfig defaults)
    {
        var value = Field(config);
        if (EmptyIsUnset && value.Length == 0) return [];
        return [($"{Name} {ConfigLine.Quote(value)}", value != Field(defaults))];
    }
}

/// <summary>A directive with a grammar of its own. The type of its value parses and formats it.</summary>
internal sealed class CustomDirective : Directive
{
    public delegate string? Parser(ServerConfig config, ReadOnlySpan<string> args, bool readingFile);

    public required Parser Parse { get; init; }

    public required Func<ServerConfig, string> Format { get; init; }

    public Func<ServerConfig, ServerConfig, IEnumerable<(string Line, bool Force)>>? Rewrite { get; init; }

    public override string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        foreach (var arg in args)
        {
            if (arg.Contains('\0')) return ConfigErrors.ZeroByte;
        }
        return Parse(config, args, readingFile);
    }

    public override string Get(ServerConfig config) => Format(config);

    public override IEnumerable<(string Line, bool Force)> Lines(ServerConfig config, ServerConfig defaults) =>
        Rewrite?.Invoke(config, defaults) ?? base.Lines(config, defaults);
}
