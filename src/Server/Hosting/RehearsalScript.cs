namespace MiniRedis.Server.Hosting;

/// <summary>
/// The script of a <see cref="Rehearsal"/>: each command at least once, each type in its small and its large form. Spaces
/// separate words, semicolons lines. A line of the second client begins with "&amp;", a line that must be refused with "!". "@n"
/// stands for the numbers from 1 to n, "$n" for n letters, and "&lt;" for the last string in a reply. Within a word "~" is a blank and "\"
/// a line end.
/// </summary>
static class RehearsalScript
{
    public static IEnumerable<string> Lines => s_families.SelectMany(family => family.Split(s_ends, StringSplitOptions.TrimEntries));

    static readonly char[] s_ends = ['\n', ';'];

    static readonly string[] s_families =
    [
        // Strings. The first lines also run SELECT, EXPIRE and a refusal.
        """
        PING; ECHO a; SELECT 1; SELECT 0; !GET; !NOSUCH a; !SET a b c; SET a b; GET a; SET a b EX 100 NX; SET a b PX 100000 XX GET
        SET a b KEEPTTL; SET big $5000; GET big; SET a 1; INCR a; INCRBY a 5; DECR a; DECRBY a 5; INCRBYFLOAT a 1.5; !LPUSH a b; SETNX b 1
        INCREX n EX 9; CL.THROTTLE t 1 2 3
        SETEX b 100 1; PSETEX b 100000 1; GETSET b 2; GETEX b EX 10; GETDEL b; DIGEST a; DELEX a; DELIFEQ a 1; MSET a b c d e f
        MSETEX 2 a b c d EX 100; MSETNX a b x y; MGET a b c d; STRLEN a; APPEND a hello; GETRANGE a 0 -1; SUBSTR a 0 1; SETRANGE a 10 x
        SET b hxlo; LCS a b IDX; LCS a b LEN; SETBIT bits 100 1; GETBIT bits 100; BITCOUNT bits; BITCOUNT big 0 -1 BIT; BITPOS bits 1
        BITOP AND d bits a; BITFIELD bits SET u8 0 1 GET i5 3 OVERFLOW SAT INCRBY i8 0 100; BITFIELD_RO bits GET u8 0; PFADD p a b c
        PFADD p @300; PFADD q a; PFCOUNT p; PFCOUNT p q; PFMERGE q p; PFDEBUG ENCODING p
        """,
        // Caching.
        """
        CACHE.SET c v EX 100 STALE 10 COST 5 TAGS 2 x y; CACHE.SET c 5 TAGS 3 x y z; CACHE.SET c v SLIDE 100; GET c; CACHE.SET c v NX
        CACHE.GET c; CACHE.GET c IFNEWER 1; CACHE.GET nosuch; CACHE.TAG c x y; CACHE.INFO c; CACHE.STALE c; CACHE.SET c v STALE 9 TAGS 1 x
        CACHE.PURGE SOFT TAG x; TTL c; CACHE.PURGE TAG x; CACHE.PURGE PREFIX zz; GET c; CACHE.SET c v; CACHE.PURGE ALL; EXISTS c; !CACHE.SET c v EX
        CACHE.GET c LEASE 10; CACHE.LEASE c 0123456789abcdef FREE; CACHE.LOG 0; CACHE.SET c v EX 9 STALE 9; CACHE.STALE c; CACHE.GET c LEASE 10
        CACHE.POLICY SET q TTL 9; CACHE.GET q1 LEASE 10; GET q1; CACHE.STATS; CACHE.STATS q; CACHE.STATS RESET; CACHE.STATS HELP; CACHE.POLICY HELP
        CACHE.POLICY SET q TTL 9 MAXTTL 99 JITTER 5; SET q1 v; HSET q2 f v; CACHE.SET q3 v; CACHE.POLICY LIST; CACHE.POLICY DEL q; DEL q1 q2 q3
        !CACHE.SET c v LEASE x; CACHE.GET c LEASE 10 WAIT 1 EARLY 5
        """,
        // Keys.
        """
        EXPIRE a 100; PEXPIRE a 100000 NX; EXPIREAT a 9999999999; PEXPIREAT a 9999999999999; TTL a; PTTL a; EXPIRETIME a; PEXPIRETIME a
        PERSIST a; SET gone a PX 1; TYPE a; EXISTS a b; TOUCH a b; RENAME a a2; RENAMENX a2 a; COPY a copy; MOVE copy 1; RANDOMKEY; KEYS *
        SCAN 0; SCAN 0 MATCH * TYPE string COUNT 20; OBJECT ENCODING a; OBJECT IDLETIME a; OBJECT REFCOUNT a; OBJECT HELP; !OBJECT FREQ a
        DUMP a; RESTORE restored 0 <; DUMP a; RESTORE-ASKING restored 0 < REPLACE
        MEMORY USAGE a; DEL a; UNLINK b nosuch; DBSIZE; SWAPDB 0 1; SWAPDB 0 1
        """,
        // Lists: one listpack, then a chain of them.
        """
        LPUSH l a; RPUSH l b c; LPUSHX l a; RPUSHX l a; LLEN l; LRANGE l 0 -1; LINDEX l 0; LSET l 0 x; LINSERT l BEFORE x y
        LPOS l x RANK 1; LREM l 0 x; LMOVE l m LEFT RIGHT; RPOPLPUSH l m; LMPOP 1 m LEFT COUNT 2; LPOP l; RPOP l; RPUSH l @3000
        LPUSH l @300; LRANGE l 0 100; LINDEX l 1500; LSET l 1500 $100; LINSERT l AFTER 2000 x; LPOS l 2500; LREM l 1 2500; LPOP l 10
        RPOP l; LTRIM l 10 -10; OBJECT ENCODING l; DUMP l; RESTORE l2 0 <; COPY l l3; SORT l ALPHA LIMIT 0 10; DEL l l2; BLPOP l3 1; BRPOP l3 1
        BLMOVE l3 m LEFT LEFT 1; BRPOPLPUSH l3 m 1; BLMPOP 1 1 l3 LEFT; &BLPOP wait 0; RPUSH wait a; RPUSH s1 3 1 2; SET w_1 5; SORT s1
        SORT s1 ALPHA DESC; SORT_RO s1 DESC LIMIT 0 1; SORT s1 BY w_* GET # GET w_* STORE sorted
        """,
        // Hashes.
        """
        HSET h a 1 b 2; HMSET h c 3; HSETNX h d 4; HGET h a; HMGET h a b; HGETALL h; HKEYS h; HVALS h; HLEN h; HEXISTS h a; HSTRLEN h a
        HINCRBY h a 1; HINCRBYFLOAT h a 1.5; HSCAN h 0; HRANDFIELD h; HRANDFIELD h 2 WITHVALUES; HRANDFIELD h -5; HEXPIRE h 100 FIELDS 1 a
        HPEXPIRE h 100000 FIELDS 1 a; HEXPIREAT h 9999999999 FIELDS 1 a; HPEXPIREAT h 9999999999999 FIELDS 1 a; HTTL h FIELDS 1 a
        HPTTL h FIELDS 1 a; HEXPIRETIME h FIELDS 1 a; HPEXPIRETIME h FIELDS 1 a; HPERSIST h FIELDS 1 a; HGETEX h EX 10 FIELDS 1 a
        HSETEX h EX 10 FIELDS 1 a 1; HGETDEL h FIELDS 1 b; HDEL h a; HSET h @600; HGET h 1; HGETALL h; HSET h x $200; HSCAN h 0
        HRANDFIELD h 5; HEXPIRE h 100 FIELDS 1 1; HEXPIRE h 0 FIELDS 1 3; HDEL h 1; DUMP h; RESTORE h2 0 <; COPY h h3; SET h x; DEL h2 h3
        """,
        // Sets.
        """
        SADD s 1 2 3; SADD s a; SADD t a b; SREM s 1; SISMEMBER s a; SMISMEMBER s a b; SCARD s; SMEMBERS s; SSCAN s 0; SPOP s
        SRANDMEMBER s; SRANDMEMBER s 2; SRANDMEMBER s -5; SMOVE t s a; SINTER s t; SINTERCARD 2 s t; SINTERSTORE d s t; SUNION s t
        SUNIONSTORE d s t; SDIFF s t; SDIFFSTORE d s t; SADD s @600; SADD t 1 2 x; SADD s x; SMEMBERS s; SISMEMBER s x; SSCAN s 0
        SRANDMEMBER s 5; SPOP s 5; SREM s 1; SINTER s t; SUNION s t; SDIFF s t; DUMP s; RESTORE s2 0 <; COPY s s3; DEL s s2
        """,
        // Sorted sets and geo.
        """
        ZADD z 1 a 2 b; ZADD z GT CH 3 a; ZADD y 1 a; ZINCRBY z 1 a; ZCARD z; ZSCORE z a; ZMSCORE z a b; ZRANK z a WITHSCORE; ZREVRANK z a
        ZCOUNT z 0 10; ZLEXCOUNT z - +; ZRANGE z 0 -1 WITHSCORES; ZRANGE z (1 5 BYSCORE LIMIT 0 1; ZRANGE z + - BYLEX REV
        ZRANGESTORE d z 0 -1; ZREVRANGE z 0 -1; ZRANGEBYSCORE z -inf +inf WITHSCORES; ZREVRANGEBYSCORE z 10 0; ZRANGEBYLEX z - +
        ZREVRANGEBYLEX z + -; ZRANDMEMBER z 2 WITHSCORES; ZSCAN z 0; ZUNION 2 z y WITHSCORES; ZINTER 2 z y WEIGHTS 1 2 AGGREGATE MAX
        ZDIFF 2 z y; ZINTERCARD 2 z y; ZUNIONSTORE d 2 z y; ZINTERSTORE d 2 z y; ZDIFFSTORE d 2 z y; ZREM z a; ZADD z @600; ZADD z 1.5 x
        ZRANGE z 0 10 WITHSCORES; ZRANGE z 10 50 BYSCORE; ZRANK z x; ZSCAN z 0; ZRANDMEMBER z 5; ZUNIONSTORE d 2 z y; ZINTER 2 z d
        ZRANGESTORE d z 0 300; ZREMRANGEBYRANK z 0 2; ZREMRANGEBYSCORE z 10 20; ZREMRANGEBYLEX y - +; ZPOPMIN z; ZPOPMAX z 2
        ZMPOP 1 z MIN; BZPOPMIN z 1; BZPOPMAX z 1; BZMPOP 1 1 z MIN; ZREM z 101; DUMP z; RESTORE z2 0 <; COPY z z3; DEL z z2
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEODIST g Palermo Catania km; GEOHASH g Palermo
        GEOPOS g Palermo; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHCOORD WITHHASH
        GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km COUNT 1; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST
        GEORADIUS g 15 37 200 km; GEORADIUS_RO g 15 37 200 km; GEORADIUSBYMEMBER g Palermo 200 km; GEORADIUSBYMEMBER_RO g Palermo 200 km
        """,
        // Streams.
        """
        XADD x 1-1 a b; XADD x * a b c d; XADD x MAXLEN ~ 1000 * a b; XLEN x; XRANGE x - +; XREVRANGE x + - COUNT 1
        XREAD COUNT 2 STREAMS x 0; XREAD BLOCK 1 STREAMS x 0; XGROUP CREATE x g 0; XGROUP CREATECONSUMER x g c
        XREADGROUP GROUP g c COUNT 2 STREAMS x >; XREADGROUP GROUP g c STREAMS x 0; XPENDING x g; XPENDING x g - + 10; XCLAIM x g d 0 1-1
        XAUTOCLAIM x g d 0 0; XINFO STREAM x; XINFO STREAM x FULL; XINFO GROUPS x; XINFO CONSUMERS x g; XINFO HELP; XACK x g 1-1
        XACKDEL x g KEEPREF IDS 1 1-1; XGROUP SETID x g $; XGROUP DELCONSUMER x g d; XGROUP HELP; XSETID x 9999999999999-0; DUMP x
        RESTORE x2 0 <; COPY x x3; XDELEX x KEEPREF IDS 1 1-1; XDEL x 1-1; XTRIM x MAXLEN 1; XGROUP DESTROY x g; DEL x x2
        """,
        // Transactions, pub/sub, client tracking.
        """
        MULTI; SET a b; INCR n; EXEC; MULTI; DISCARD; WATCH a; UNWATCH; WATCH a; MULTI; GET a; EXEC; WATCH a; &SET a c; MULTI; GET a; EXEC
        CONFIG SET notify-keyspace-events KEA; &SUBSCRIBE ch __keyspace@0__:a; &PSUBSCRIBE c* __keyevent*; &SSUBSCRIBE sh; SET a b
        PUBLISH ch m; SPUBLISH sh m; PUBSUB CHANNELS; PUBSUB NUMSUB ch; PUBSUB NUMPAT; PUBSUB SHARDCHANNELS; PUBSUB SHARDNUMSUB sh
        PUBSUB HELP; &UNSUBSCRIBE; &PUNSUBSCRIBE; &SUNSUBSCRIBE; CONFIG SET notify-keyspace-events $0; HELLO 3 SETNAME rehearsal; &HELLO 3
        &CLIENT TRACKING ON; &GET a; &MGET a b; SET a c; &CLIENT TRACKINGINFO; &CLIENT TRACKING OFF
        &CLIENT TRACKING ON BCAST PREFIX a NOLOOP; SET a d; &CLIENT TRACKING OFF; &CLIENT TRACKING ON OPTIN; &CLIENT CACHING YES; &GET a
        &CLIENT GETREDIR; &CLIENT TRACKING OFF; &RESET; HGETALL nosuch; SMEMBERS t; HELLO 2; &MONITOR; SET a e; &RESET
        """,
        // Scripts and functions.
        """
        EVAL return~{redis.call('get',KEYS[1]),ARGV[1]} 1 a b; EVAL for~i=1,10~do~redis.pcall('incr','n')~end 0; !EVAL nosuch() 0
        EVAL return~{cjson.encode({1,"a"}),cmsgpack.pack(1),struct.pack('>I2',7),bit.band(7,2)} 0; EVAL_RO return~1 0; SCRIPT LOAD return~1
        EVALSHA < 0; SCRIPT LOAD return~1; EVALSHA_RO < 0; SCRIPT LOAD return~1; SCRIPT SHOW <; SCRIPT EXISTS a; SCRIPT KILL; SCRIPT DEBUG NO
        SCRIPT FLUSH; SCRIPT HELP; FUNCTION LOAD #!lua~name=r\redis.register_function('f',function(k,a)return~a[1]~end); FCALL f 0 x
        !FCALL_RO f 0; FUNCTION LIST WITHCODE; FUNCTION STATS; FUNCTION DUMP; FUNCTION RESTORE < REPLACE; FUNCTION KILL; FUNCTION DELETE r
        FUNCTION FLUSH; FUNCTION HELP
        """,
        // The server and its clients.
        """
        CLIENT ID; CLIENT INFO; CLIENT LIST; CLIENT SETNAME a; CLIENT GETNAME; CLIENT SETINFO LIB-NAME a; CLIENT NO-EVICT ON
        CLIENT NO-EVICT OFF; CLIENT NO-TOUCH ON; CLIENT NO-TOUCH OFF; CLIENT CAPA redirect; CLIENT KILL ID 999; CLIENT UNBLOCK 999
        CLIENT PAUSE 0 WRITE; CLIENT UNPAUSE; CLIENT HELP; !AUTH a; INFO; INFO everything; COMMAND; COMMAND COUNT; COMMAND DOCS
        COMMAND DOCS get; COMMAND INFO get; COMMAND LIST; COMMAND GETKEYS set a b; COMMAND GETKEYSANDFLAGS set a b; COMMAND HELP
        CONFIG GET *; CONFIG SET hz 20; CONFIG SET timeout 0 save $0; !CONFIG SET hz x;  CONFIG HELP
        CONFIG SET slowlog-log-slower-than 0 latency-monitor-threshold 1; DEBUG SLEEP 0.002; SLOWLOG GET; SLOWLOG LEN; SLOWLOG RESET; SLOWLOG HELP
        HOTKEYS START METRICS 2 CPU NET; GET key; HOTKEYS GET; HOTKEYS STOP; HOTKEYS RESET; HOTKEYS HELP
        ACL SETUSER u on nopass +@read &c db=0 (+set allkeys); ACL GETUSER u; ACL LIST; ACL USERS; ACL WHOAMI; ACL CAT; ACL CAT read; ACL GENPASS
        ACL DRYRUN u get a; &AUTH u x; &SET a b; &!GET a; &!DEL a; &RESET; ACL LOG; ACL LOG RESET; ACL DELUSER u; !ACL LOAD; !ACL SAVE; ACL HELP
        COMMANDLOG GET 1 slow; COMMANDLOG LEN slow; COMMANDLOG RESET slow; COMMANDLOG HELP; CONFIG SET slowlog-log-slower-than -1
        LATENCY HISTOGRAM; LATENCY LATEST; LATENCY HISTORY command; LATENCY DOCTOR; LATENCY GRAPH command; LATENCY RESET; LATENCY DOCTOR
        LATENCY HELP; MEMORY DOCTOR; MODULE LIST; MODULE HELP; !MODULE LOAD x; !MODULE LOADEX x; !MODULE UNLOAD x
        MEMORY STATS; MEMORY MALLOC-STATS; MEMORY USAGE g; MEMORY HELP; DEBUG OBJECT a; DEBUG SLEEP 0; ROLE; LASTSAVE; TIME
        !FAILOVER; WAIT 0 10; WAITAOF 0 0 10; REPLCONF listening-port 1; REPLICAOF NO ONE; SLAVEOF NO ONE; INFO replication
        LOLWUT
        """,
        // A node of a cluster: here each is refused.
        """
        !CLUSTER INFO; !CLUSTER LINKS; !CLUSTER MYID; !CLUSTER MYSHARDID; !CLUSTER NODES; !CLUSTER REPLICAS a; !CLUSTER SLAVES a
        !CLUSTER SHARDS; !CLUSTER SLOTS; !CLUSTER BUMPEPOCH; !CLUSTER COUNT-FAILURE-REPORTS a; !CLUSTER FAILOVER; !CLUSTER FORGET a
        !CLUSTER MEET a 1; !CLUSTER REPLICATE a; !CLUSTER RESET; !CLUSTER SAVECONFIG; !CLUSTER SET-CONFIG-EPOCH 1; !CLUSTER ADDSLOTS 1
        !CLUSTER ADDSLOTSRANGE 1 2; !CLUSTER DELSLOTS 1; !CLUSTER DELSLOTSRANGE 1 2; !CLUSTER FLUSHSLOTS; !CLUSTER SETSLOT 1 STABLE
        !CLUSTER COUNTKEYSINSLOT 1; !CLUSTER SLOT-STATS SLOTSRANGE 1 2; !CLUSTER GETKEYSINSLOT 1 1; !CLUSTER KEYSLOT a
        !ASKING; READONLY; READWRITE; MIGRATE h 1 missing 0 1
        !CLUSTER MIGRATESLOTS SLOTSRANGE 1 2 NODE a; !CLUSTER CANCELSLOTMIGRATIONS; !CLUSTER GETSLOTMIGRATIONS; !CLUSTER SYNCSLOTS ACK
        CLUSTER HELP
        """,
    ];

    /// <summary>Each policy that evicts, under a limit that evicts all keys.</summary>
    public static IEnumerable<string> Eviction => s_policies.SelectMany(EvictionBy);

    static readonly string[] s_policies =
        ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];

    static IEnumerable<string> EvictionBy(string policy) =>
    [
        $"CONFIG SET maxmemory-policy {policy}",
        "SET a b EX 1000",
        "SET c d EX 1000",
        "RPUSH l @300",
        "EXPIRE l 1000",
        "CONFIG SET maxmemory 1",
        // Refused, unless eviction was cut short by the end of its slice.
        "SET a c",
        "CONFIG SET maxmemory 0",
    ];

    /// <summary>Commands for the AOF, alone and in a transaction.</summary>
    public static IEnumerable<string> Appending =>
    [
        "SET a b", "SET a b EX 100", "MULTI", "SET a b", "INCR n", "EXEC", "SELECT 1", "SPOP s", "SELECT 0", "DEL a",
    ];

    /// <summary>Changes while a snapshot is taken.</summary>
    public static IEnumerable<string> Saving => ["SET a b", "RPUSH l3 a", "HSET h3 f v", "SADD s3 x", "ZADD z3 1 x", "DEL a"];

    /// <summary>Deletes everything.</summary>
    public static IEnumerable<string> Flushing =>
    [
        "SET a b", "FLUSHDB", "SET a b", "FLUSHDB SYNC", "SET a b", "FLUSHALL", "SET a b", "FLUSHALL SYNC", "SET a b",
    ];
}
