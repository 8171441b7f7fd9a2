namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>What commands say of "a", which was the only key before a purge has overtaken it; and of "ids", a list of one element for SORT.</summary>
static class PurgedKey
{
    public static TheoryData<string, string> Replies => new()
    {
        { "GET a", "$-1" },
        { "STRLEN a", ":0" },
        { "TYPE a", "+none" },
        { "TTL a", ":-2" },
        { "OBJECT ENCODING a", "$-1" },
        { "MEMORY USAGE a", "$-1" },
        { "DUMP a", "$-1" },
        { "COPY a b", ":0" },
        { "RENAME a b", "-ERR no such key" },
        { "MOVE a 1", ":0" },
        { "EXPIRE a 10", ":0" },
        { "PERSIST a", ":0" },
        { "DEL a", ":0" },
        { "UNLINK a", ":0" },
        { "TOUCH a", ":0" },
        { "SET a v XX", "$-1" },
        { "SET a v NX", "+OK" },
        { "SET a v GET", "$-1" },
        { "SETNX a v", ":1" },
        { "APPEND a v", ":1" },
        { "INCR a", ":1" },
        { "LPUSH a v", ":1" },
        { "HSET a f v", ":1" },
        { "SETRANGE a 1 v", ":2" },
        { "RANDOMKEY", "$-1" },
        { "SCAN 0", "*2 $1 0 *0" },
        { "CACHE.TAG a b", "$-1" },
        { "CACHE.INFO a", "$-1" },
        { "CACHE.STALE a", ":0" },
        { "SORT ids BY a GET a", "*1 $-1" },
        { "EVAL \"return redis.call('exists', 'a')\" 0", ":0" },
    };

    /// <summary>Makes what a command needs beside the key.</summary>
    public static void Prepare(RawClient client, string command)
    {
        if (command.StartsWith("SORT", StringComparison.Ordinal)) client.Call("RPUSH ids 1");
    }
}
