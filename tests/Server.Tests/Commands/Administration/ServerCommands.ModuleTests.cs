namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsModuleTests
{
    [Fact]
    public void There_are_no_modules_and_none_can_be_loaded()
    {
        using var server = new TestServer("enable-module-command yes");
        using var client = server.Connect();
        client.Run("""
            MODULE LIST
            -> *0
            MODULE LOAD /x.so a b
            -> -ERR Error loading the extension. Please check the server logs.
            MODULE LOADEX /x.so CONFIG a b ARGS c
            -> -ERR Error loading the extension. Please check the server logs.
            MODULE UNLOAD x
            -> -ERR Error unloading module: no such module with that name
            MODULE LOAD
            -> -ERR wrong number of arguments for 'module|load' command
            MODULE NOSUCH
            -> -ERR unknown subcommand 'NOSUCH'. Try MODULE HELP.
            """);
    }

    [Fact]
    public void Loading_is_refused_unless_the_configuration_allows_the_command()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        foreach (var command in (string[])["MODULE LOAD x", "MODULE LOADEX x", "MODULE UNLOAD x"])
            Assert.StartsWith("-ERR MODULE command not allowed.", client.Call(command), StringComparison.Ordinal);
        Assert.Equal("*0", client.Call("MODULE LIST"));
    }
}
