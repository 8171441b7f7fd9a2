using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(MiniRedis.Benchmarks.ParserBenchmarks).Assembly).Run(args);
