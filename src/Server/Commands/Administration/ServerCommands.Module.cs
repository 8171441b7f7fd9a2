using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>
/// MODULE: there are no modules, and none can be loaded, since Redis's modules are C libraries that use Redis's memory. LIST
/// answers nothing; LOAD answers an error.
/// </summary>
static partial class ServerCommands
{
    static readonly Command ModuleSpec = new()
    {
        Name = "MODULE", Group = CommandGroup.Server, Since = "4.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about modules.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "LIST", Group = CommandGroup.Server, Since = "4.0.0", Complexity = "O(N) where N is the number of modules",
                Summary = "Lists the modules that are loaded.",
                Arity = 2, Flags = CommandFlags.Admin | CommandFlags.NoScript,
                Tips = ["nondeterministic_output_order"],
                Run = static (ref CommandContext c) => c.Reply.EmptyArray(),
            },
            AboutModule("LOAD", "4.0.0", "Loads a module.", -3, static (ref CommandContext c) => c.Fail(Errors.ModuleNotLoaded),
                Arg.String("path"), Arg.String("arg").Multiple().Optional()),
            AboutModule("LOADEX", "7.0.0", "Loads a module with its configuration.", -3,
                static (ref CommandContext c) => c.Fail(Errors.ModuleNotLoaded),
                Arg.String("path"),
                Arg.Block("configs", Arg.String("name"), Arg.String("value")).After("CONFIG").MultipleToken().Optional(),
                Arg.String("args").After("ARGS").Multiple().Optional()),
            AboutModule("UNLOAD", "4.0.0", "Unloads a module.", 3, static (ref CommandContext c) => c.Fail(Errors.ModuleNotThere),
                Arg.String("name")),
            Help.Subcommand("5.0.0", CommandGroup.Server,
                ("LIST", "Lists the modules that are loaded."),
                ("LOAD <path> [<arg> ...]", "Loads the module of the library <path>, with these arguments."),
                ("LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
                    "Loads the module of the library <path>, with this configuration and these arguments."),
                ("UNLOAD <name>", "Unloads the module <name>.")),
        ],
    };

    static Command AboutModule(string name, string since, string summary, int arity, CommandHandler run, params Arg[] args) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = since, Complexity = "O(1)", Summary = summary, Arity = arity,
        Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading | CommandFlags.Protected,
        Args = args,
        Run = run,
    };
}
