using System.CommandLine;
using System.CommandLine.Parsing;

namespace ActorTrain.Host.Commands;

/// <summary>Turns what is wrong with a command line into one sentence.</summary>
internal static class ParseErrors
{
    public static string Sentence(ParseResult line, RootCommand root)
    {
        var command = line.CommandResult.Command;
        var see = command == root ? "see 'actortrain --help'" : $"see 'actortrain {command.Name} --help'";
        if (line.UnmatchedTokens is [var stranger, ..])
        {
            if (command == root)
            {
                var commands = root.Subcommands.Select(static subcommand => subcommand.Name);
                return stranger.StartsWith('-')
                    ? $"there is no option '{stranger}' before a command; {see}."
                    : $"there is no command '{stranger}'{NearestName.Hint(stranger, commands, $"; {see}.")}";
            }

            var options = command.Options.Select(static option => option.Name).Append("--help");
            return stranger.StartsWith('-')
                ? $"{command.Name} has no option '{stranger}'{NearestName.Hint(stranger, options, $"; {see}.")}"
                : $"{command.Name} does not know what to do with '{stranger}'; {see}.";
        }

        // Our own sentences first: the library may add a remark about the same value.
        var error = line.Errors.FirstOrDefault(static error => error.SymbolResult is ArgumentResult or CommandResult && !error.Message.Contains("Required", StringComparison.Ordinal))
            ?? line.Errors[0];
        return error.SymbolResult switch
        {
            OptionResult { Option: { Required: true } missing, Implicit: true } =>
                $"{command.Name} needs {missing.Name} {missing.HelpName}: {missing.Description?.TrimEnd('.')}; {see}.",
            OptionResult { Option: var option, Tokens.Count: 0 } => $"{option.Name} needs a value: {option.Description?.TrimEnd('.')}; {see}.",
            CommandResult when command == root => $"a command is missing; {see}.",
            ArgumentResult { Argument: var argument, Tokens.Count: 0 } when argument.Arity.MinimumNumberOfValues > 0 =>
                $"{command.Name} needs {argument.Name}: {argument.Description?.TrimEnd('.')}; {see}.",
            _ => Ended(error.Message),
        };
    }

    private static string Ended(string message) => message.EndsWith('?') || message.EndsWith('.') ? message : message + ".";
}
