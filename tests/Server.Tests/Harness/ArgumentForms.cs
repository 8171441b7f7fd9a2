using MiniRedis.Resp;

namespace MiniRedis.Server.Tests;

/// <summary>
/// Requests made from a command's declared arguments: optional parts with and without, each branch of an alternative, what may
/// be repeated once and three times, numkeys as many as keys. A sample where all combinations would be too many.
/// </summary>
static class ArgumentForms
{
    /// <summary>Forms of one command, and of one list of arguments on the way: enough for each pair of options of those there are.</summary>
    const int MostForms = 200;

    public static IEnumerable<string[]> Of(CommandSpec command)
    {
        string[] name = command.Parent is null ? [command.Name] : [command.Parent.Name, command.Name];
        return Sequence(command.Args).Select(form => (string[])[.. name, .. form]);
    }

    /// <summary>
    /// For each value that is neither a key nor a pattern, however deep in the tree: the shortest request that has it, and where
    /// it stands there.
    /// </summary>
    public static IEnumerable<(string[] Words, int At)> EachValue(CommandSpec command)
    {
        string[] name = command.Parent is null ? [command.Name] : [command.Parent.Name, command.Name];
        return EachValue(command.Args).Select(v => ((string[])[.. name, .. v.Words], name.Length + v.At));
    }

    static IEnumerable<(string[] Words, int At)> EachValue(IReadOnlyList<Arg> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            string[] before = [.. arguments.Take(i).SelectMany(Shortest)];
            string[] after = [.. arguments.Skip(i + 1).SelectMany(Shortest)];
            foreach (var (words, at) in EachValue(arguments[i]))
                yield return ([.. before, .. words, .. after], before.Length + at);
        }
    }

    static IEnumerable<(string[] Words, int At)> EachValue(Arg argument)
    {
        string[] prefix = argument is { Word: { } word, Type: not ArgType.PureToken } ? [word] : [];
        var values = argument.Type switch
        {
            ArgType.OneOf => argument.Children.SelectMany(EachValue),
            ArgType.Block => EachValue(argument.Children),
            ArgType.PureToken or ArgType.Key or ArgType.Pattern => [],
            _ => [(Values(argument)[0], 0)],
        };
        return values.Select(v => ((string[])[.. prefix, .. v.Words], prefix.Length + v.At));
    }

    static string[] Shortest(Arg argument) => Choices(argument)[0];

    /// <summary>
    /// The arguments one after another. All combinations if they are few; else each argument's forms in turn, with the others in
    /// their first and in their last form.
    /// </summary>
    static List<string[]> Sequence(IReadOnlyList<Arg> arguments)
    {
        var choices = arguments.Select(Choices).ToList();
        var combinations = choices.Aggregate(1L, (product, c) => Math.Min(product * c.Count, int.MaxValue));
        if (combinations <= MostForms)
        {
            IEnumerable<string[]> all = [[]];
            foreach (var forms in choices) all = all.SelectMany(_ => forms, (start, form) => (string[])[.. start, .. form]);
            return Fitted(arguments, choices, all);
        }
        var some = new List<string[]>();
        for (var i = 0; i < choices.Count; i++)
        {
            foreach (var form in choices[i])
            {
                some.Add([.. choices.SelectMany((c, at) => at == i ? form : c[0])]);
                some.Add([.. choices.SelectMany((c, at) => at == i ? form : c[^1])]);
            }
        }
        return [.. Fitted(arguments, choices, some).Take(MostForms)];
    }

    /// <summary>Where a count of keys or fields is declared, it is made to be that of those.</summary>
    static List<string[]> Fitted(IReadOnlyList<Arg> arguments, List<List<string[]>> choices, IEnumerable<string[]> forms)
    {
        var counter = arguments.ToList().FindIndex(a => a.Name is "numkeys" or "numfields" or "numtags");
        if (counter < 0) return [.. forms];
        var counted = arguments[counter].Name[3..^1];
        var at = choices.Take(counter).Sum(c => c[0].Length);
        return [.. forms.Select(form =>
        {
            var keys = form.Skip(at + 1).Count(w => w.StartsWith(counted, StringComparison.Ordinal));
            return (string[])[.. form[..at], keys.ToString(System.Globalization.CultureInfo.InvariantCulture), .. form[(at + 1)..]];
        })];
    }

    static List<string[]> Choices(Arg argument)
    {
        var forms = new List<string[]>();
        if (argument.IsOptional) forms.Add([]);
        var prefixed = Values(argument).Select(v => argument is { Word: { } word, Type: not ArgType.PureToken } ? [word, .. v] : v).ToList();
        forms.AddRange(prefixed);
        if (!argument.IsMultiple) return forms;
        var values = argument.IsMultipleToken ? prefixed : Values(argument);
        var (first, second, third) = (prefixed[0], values[1 % values.Count], values[^1]);
        forms.Add([.. first, .. second, .. third]);
        return forms;
    }

    static List<string[]> Values(Arg argument) => argument.Type switch
    {
        ArgType.OneOf => [.. argument.Children.SelectMany(Choices)],
        ArgType.Block => Sequence(argument.Children),
        ArgType.PureToken => argument.Word!.Length == 0 ? [[]] : [[argument.Word]],
        ArgType.Key => [["key"], ["key2"]],
        ArgType.Integer => [["1"]],
        ArgType.Double => [["1.5"]],
        ArgType.UnixTime => [["33177117420"]],
        ArgType.Pattern => [["*"]],
        _ => [[Text(argument.Name)]],
    };

    /// <summary>A text that commands accept under that name; most accept any.</summary>
    static string Text(string name) => name switch
    {
        "encoding" => "u8",
        "type" => "string",
        "offset" => "0",
        "parameter" => "timeout",
        "tag" => "tag",
        "token" => "0123456789abcdef",
        _ => "3",
    };
}
