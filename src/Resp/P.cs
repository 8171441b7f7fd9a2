namespace MiniRedis.Resp; static class Placeholder;
