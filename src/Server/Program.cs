using MiniRedis.Server.Hosting;

return CommandLine.Run(args);
