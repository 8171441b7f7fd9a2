using System.Text;
using BenchmarkDotNet.Attributes;
using MiniRedis.Resp;

namespace MiniRedis.Benchmarks;

/// <summary>Parsing whole requests, as they nearly always arrive.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    static readonly byte[] s_get = Encode("GET", "key:000000000042");
    static readonly byte[] s_set = Encode("SET", "key:000000000042", new('x', 64));
    static readonly byte[] s_inline = "GET key:000000000042\r\n"u8.ToArray();

    readonly ArgBuffer _arguments = new();
    RequestParser _parser;

    static byte[] Encode(params string[] words) =>
        Encoding.ASCII.GetBytes($"*{words.Length}\r\n" + string.Concat(words.Select(w => $"${w.Length}\r\n{w}\r\n")));

    [Benchmark]
    public int Get() => Parse(s_get);

    [Benchmark]
    public int Set() => Parse(s_set);

    [Benchmark]
    public int Inline() => Parse(s_inline);

    int Parse(byte[] bytes)
    {
        _parser.Parse(bytes, new ParserLimits(), _arguments, out var request, out _, out _, out _);
        return request.Count;
    }
}
