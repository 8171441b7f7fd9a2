using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Data of every type and encoding, with deadlines, in several databases.</summary>
static class ExchangedData
{
    /// <summary>Fills a server. The same commands make the same data on both.</summary>
    public static void Populate(RawClient client)
    {
        client.Run("""
            SET int 12345
            -> +OK
            SET longest 9223372036854775807
            -> +OK
            SET beyond 9223372036854775808
            -> +OK
            SET text "short text"
            -> +OK
            SET expiring value PXAT 99999999999999
            -> +OK
            SETRANGE zeros 5000 x
            -> :5001
            SETBIT bitmap 100000 1
            -> :0
            PFADD sparse a b c
            -> :1
            RPUSH list:small a 1 -5 70000 "longer element"
            -> :5
            SADD set:16 1 2 3
            -> :3
            SADD set:32 1 70000
            -> :2
            SADD set:64 1 9223372036854775807
            -> :2
            SADD set:small a b 5
            -> :3
            HSET hash:small f v n 12 "" ""
            -> :3
            ZADD zset:small 1 a -2.5 b inf c -inf d 1e300 e
            -> :5
            GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            -> :2
            XADD stream 1-1 a 1 b 2
            -> $3 1-1
            XADD stream 1-2 a 1 b 2
            -> $3 1-2
            XADD stream 5-0 c 3
            -> $3 5-0
            XDEL stream 1-2
            -> :1
            XGROUP CREATE stream g 0
            -> +OK
            XGROUP CREATECONSUMER stream g idle
            -> :1
            """);
        client.Call("XREADGROUP GROUP g worker COUNT 1 STREAMS stream >");
        client.Call("XGROUP CREATE empty g $ MKSTREAM");
        client.Call("PEXPIREAT list:small 99999999999999");
        Many(client, "SADD", "set:large", 600, i => [$"member:{i}"]);
        Many(client, "HSET", "hash:large", 600, i => [$"field:{i}", new string('v', i % 90)]);
        Many(client, "ZADD", "zset:large", 600, i => [$"{i * 1.25 - 300}", $"member:{i}"]);
        Many(client, "RPUSH", "list:large", 600, i => [new string((char)('a' + i % 26), i % 200)]);
        Many(client, "RPUSH", "list:plain", 3, i => [new string((char)('a' + i), 20_000)]);
        Many(client, "PFADD", "dense", 5000, i => [$"element:{i}"]);
        for (var i = 0; i < 300; i++) client.CallWords("XADD", "stream:large", $"{i + 1}-0", "field", $"{i}");
        client.Call("SELECT 9");
        for (var i = 0; i < 100; i++) client.CallWords("SET", $"key:{i}", $"value:{i}");
        client.Call("PEXPIREAT key:7 99999999999999");
        client.Call("SELECT 0");
    }

    static void Many(RawClient client, string command, string key, int count, Func<int, string[]> item) =>
        client.CallWords([command, key, .. Enumerable.Range(0, count).SelectMany(item)]);
}
