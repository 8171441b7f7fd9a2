using System.Globalization;

namespace MiniRedis.Compat.Tests.Persistence;

enum ModelKind
{
    Counter,
    Text,
    List,
    Hash,
    Set,
    SortedSet,
}

/// <summary>What a key of the server is to hold, in the simplest form there is.</summary>
sealed class ModelValue(ModelKind kind)
{
    const int MostElements = 400, LongestText = 60_000;

    long _counter;
    string _text = "";
    List<string> _list = [];
    SortedDictionary<string, string> _pairs = new(StringComparer.Ordinal);

    public int Count => kind == ModelKind.List ? _list.Count : _pairs.Count;

    /// <summary>Whether there is no such key.</summary>
    public bool IsEmpty => kind switch
    {
        ModelKind.Counter => _counter == 0,
        ModelKind.Text => _text.Length == 0,
        _ => Count == 0,
    };

    public ModelValue Copy() => new(kind)
    {
        _counter = _counter, _text = _text, _list = [.. _list], _pairs = new(_pairs, StringComparer.Ordinal),
    };

    /// <summary>Changes it, and answers the request that changes the key so, with its reply.</summary>
    public (string[] Words, string Reply) Change(string key, Random random, string element)
    {
        switch (kind)
        {
            case ModelKind.Counter:
                return (["INCR", key], $":{++_counter}");
            case ModelKind.Text:
                if (_text.Length > LongestText)
                {
                    _text = element;
                    return (["SET", key, element], "+OK");
                }
                _text += element;
                return (["APPEND", key, element], $":{_text.Length}");
            case ModelKind.List:
                return ChangeList(key, random, element);
            case ModelKind.Hash:
                return ChangeHash(key, random, element);
            default:
                return ChangeMembers(key, random, element);
        }
    }

    (string[] Words, string Reply) ChangeList(string key, Random random, string element)
    {
        if (_list.Count > 0 && (_list.Count > MostElements || random.Next(3) == 0))
        {
            var atHead = random.Next(2) == 0;
            var gone = _list[atHead ? 0 : ^1];
            _list.RemoveAt(atHead ? 0 : _list.Count - 1);
            return ([atHead ? "LPOP" : "RPOP", key], $"${gone.Length} {gone}");
        }
        if (random.Next(2) == 0)
        {
            _list.Insert(0, element);
            return (["LPUSH", key, element], $":{_list.Count}");
        }
        _list.AddRange([element, "7"]);
        return (["RPUSH", key, element, "7"], $":{_list.Count}");
    }

    (string[] Words, string Reply) ChangeHash(string key, Random random, string element)
    {
        var field = $"f{random.Next(MostElements)}";
        if (random.Next(3) == 0) return (["HDEL", key, field], _pairs.Remove(field) ? ":1" : ":0");
        var isNew = !_pairs.ContainsKey(field);
        _pairs[field] = element;
        return (["HSET", key, field, element], isNew ? ":1" : ":0");
    }

    (string[] Words, string Reply) ChangeMembers(string key, Random random, string element)
    {
        var isSet = kind == ModelKind.Set;
        // What is taken away must not be the long ones that nobody names again.
        if (_pairs.Count > 0 && (_pairs.Count > MostElements || random.Next(3) == 0))
        {
            var gone = _pairs.Keys.ElementAt(random.Next(_pairs.Count));
            _pairs.Remove(gone);
            return ([isSet ? "SREM" : "ZREM", key, gone], ":1");
        }
        var isNew = !_pairs.ContainsKey(element);
        var score = random.Next(100).ToString(CultureInfo.InvariantCulture);
        _pairs[element] = isSet ? "" : score;
        return (isSet ? ["SADD", key, element] : ["ZADD", key, score, element], isNew ? ":1" : ":0");
    }

    /// <summary>A text that two values have in common if they are the same.</summary>
    public string Show() => kind switch
    {
        ModelKind.Counter => IsEmpty ? "" : $"{_counter}",
        ModelKind.Text => _text,
        ModelKind.List => string.Join('|', _list),
        ModelKind.Set => string.Join('|', _pairs.Keys),
        _ => string.Join('|', _pairs.Select(pair => $"{pair.Key}={pair.Value}")),
    };

    public static string ReadCommand(ModelKind kind, string key) => kind switch
    {
        ModelKind.Counter or ModelKind.Text => $"GET {key}",
        ModelKind.List => $"LRANGE {key} 0 -1",
        ModelKind.Hash => $"HGETALL {key}",
        ModelKind.Set => $"SMEMBERS {key}",
        _ => $"ZRANGE {key} 0 -1 WITHSCORES",
    };

    /// <summary>As <see cref="Show"/>, of the reply to <see cref="ReadCommand"/>.</summary>
    public static string Shown(ModelKind kind, object? reply)
    {
        if (reply is not object?[] elements) return reply as string ?? "";
        var words = elements.Cast<string>().ToList();
        return kind switch
        {
            ModelKind.List => string.Join('|', words),
            ModelKind.Set => string.Join('|', words.Order(StringComparer.Ordinal)),
            _ => string.Join('|', words.Chunk(2).OrderBy(pair => pair[0], StringComparer.Ordinal).Select(pair => $"{pair[0]}={pair[1]}")),
        };
    }
}
