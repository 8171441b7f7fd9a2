namespace MiniRedis.Storage; static class Placeholder;
