using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Migration;

/// <summary>Moving keys to another server.</summary>
static partial class MigrationCommands
{
    public static IEnumerable<Command> All => [MigrateSpec];

    const KeyFlags MovedKey = KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete;

    static readonly Command MigrateSpec = new()
    {
        Name = "MIGRATE", Group = CommandGroup.Generic, Since = "2.6.0",
        Complexity = "That of DUMP and DEL here and of RESTORE there, and O(N) to send the values",
        Summary = "Moves keys to another server.",
        History =
        [
            ("3.0.0", "Added the `COPY` and `REPLACE` options."), ("3.0.6", "Added the `KEYS` option."),
            ("4.0.7", "Added the `AUTH` option."), ("6.0.0", "Added the `AUTH2` option."),
        ],
        Arity = -6, Flags = CommandFlags.Write, AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Keys = [KeySpec.At(3, MovedKey), KeySpec.Keyword("KEYS", -2, MovedKey | KeyFlags.Incomplete).Range(-1)],
        GetKeys = FindKeys,
        Args =
        [
            Arg.String("host"), Arg.Integer("port"),
            Arg.OneOf("key-selector", Arg.Key("key"), Arg.Token("", "empty-string")),
            Arg.Integer("destination-db"), Arg.Integer("timeout"),
            Arg.Token("COPY").Optional().AddedIn("3.0.0"), Arg.Token("REPLACE").Optional().AddedIn("3.0.0"),
            Arg.OneOf(
                "authentication",
                Arg.String("password").After("AUTH").Optional().AddedIn("4.0.7"),
                Arg.Block("auth2", Arg.String("username"), Arg.String("password")).After("AUTH2").Optional().AddedIn("6.0.0")).Optional(),
            Arg.Key("key", keySpec: 1).After("KEYS").Optional().Multiple().AddedIn("3.0.6"),
        ],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = Migrate,
    };

    /// <summary>The key, or those after KEYS. A password may read "KEYS".</summary>
    static bool FindKeys(CommandSpec spec, in Request request, ref KeyBuffer keys)
    {
        for (var i = 6; i < request.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(request[i], "AUTH"u8)) i++;
            else if (Ascii.EqualsIgnoreCase(request[i], "AUTH2"u8)) i += 2;
            else if (Ascii.EqualsIgnoreCase(request[i], "KEYS"u8))
            {
                if (request[3].Length > 0) return false;
                for (var key = i + 1; key < request.Count; key++) keys.Add(key, MovedKey);
                return keys.Count > 0;
            }
        }
        keys.Add(3, MovedKey);
        return true;
    }
}
