using System.CommandLine;
using System.CommandLine.Parsing;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Cli;

/// <summary>Turns an invalid command line into one sentence.</summary>
internal static class ParseErrors
{
    public static string Sentence(ParseResult line, RootCommand root)
    {
        var command = line.CommandResult.Command;
        var see = command == root ? "see 'actortrain --help'" : $"see 'actortrain {NameOf(command)} --help'";
        if (Misspelt(line.CommandResult) is { } misspelt)
            return NoOption(command, misspelt);
        if (line.UnmatchedTokens is [var stranger, ..])
        {
            if (line.Tokens.Any(static token => token.Type == TokenType.DoubleDash))
                return $"{NameOf(command)} takes no argument '{stranger}' after '--'; remove '--', "
                    + $"or write OPTION=-- for a value of two dashes.";
            if (command == root)
            {
                var commands = root.Subcommands.Select(static subcommand => subcommand.Name);
                return stranger.StartsWith('-')
                    ? $"there is no option '{stranger}' before a command; {see}."
                    : $"there is no command '{stranger}'{NearestName.Hint(stranger, commands, $"; {see}.")}";
            }

            if (command is CliGroup && !stranger.StartsWith('-'))
                return $"{command.Name} has no command '{stranger}'"
                    + $"{NearestName.Hint(stranger, command.Subcommands.Select(static one => one.Name), $"; {see}.")}";
            return stranger.StartsWith('-')
                ? NoOption(command, stranger)
                : $"{NameOf(command)} takes no argument '{stranger}'; {see}.";
        }

        // Our own messages first: the library may add another about the same value.
        var error = line.Errors.FirstOrDefault(static error => error.SymbolResult is ArgumentResult or CommandResult
            && !error.Message.Contains("Required", StringComparison.Ordinal))
            ?? line.Errors[0];
        return error.SymbolResult switch
        {
            OptionResult { Option: { Required: true } missing, Implicit: true } =>
                $"{NameOf(command)} needs {missing.Name} {missing.HelpName}: {missing.Description?.TrimEnd('.')}; {see}.",
            OptionResult { Option: var option, Tokens.Count: 0 } =>
                $"{option.Name} needs a value: {option.Description?.TrimEnd('.')}; {see}.",
            CommandResult when command == root => $"a command is missing; {see}.",
            CommandResult when command is CliGroup =>
                $"{command.Name} needs one of {string.Join(", ", command.Subcommands.Select(static one => one.Name))}; {see}.",
            ArgumentResult { Argument: var argument, Tokens.Count: 0 } when argument.Arity.MinimumNumberOfValues > 0 =>
                $"{NameOf(command)} needs {argument.Name}: {argument.Description?.TrimEnd('.')}; {see}.",
            _ => Ended(error.Message),
        };
    }

    /// <summary>Makes a command reject a misspelt option that the library would take for a path.</summary>
    public static void RefuseMisspelt(Command command) => command.Validators.Add(static result =>
    {
        if (Misspelt(result) is { } misspelt)
            result.AddError(NoOption(result.Command, misspelt));
    });

    /// <summary>Makes a command reject an empty file, folder or run name.</summary>
    public static void RefuseNameless(Command command) => command.Validators.Add(static result =>
    {
        foreach (var child in result.Children.Where(static child => child.Tokens.Any(static token => token.Value.Length == 0)))
        {
            if (child is ArgumentResult { Argument: var argument })
                result.AddError($"{argument.Name} is empty: {argument.Description}");
            else if (child is OptionResult { Option: { HelpName: "DIR" or "FILE" or "PATH..." } option })
                result.AddError($"{option.Name} is empty; give a name.");
        }
    });

    // Options with any number of values accept values that begin with a dash.
    private static string? Misspelt(CommandResult result) => result.Children
        .Where(static child => child is ArgumentResult or OptionResult { Option.AllowMultipleArgumentsPerToken: true })
        .SelectMany(static child => child.Tokens)
        .Select(static token => token.Value)
        .FirstOrDefault(static value => value.Length > 1 && value[0] == '-');

    private static string NoOption(Command command, string stranger)
    {
        var options = command.Options.Select(static option => option.Name).Append("--help");
        return $"{NameOf(command)} has no option "
            + $"'{stranger}'{NearestName.Hint(stranger, options, $"; see 'actortrain {NameOf(command)} --help'.")}";
    }

    // With that of its group.
    private static string NameOf(Command command) =>
        command.Parents.OfType<CliGroup>().FirstOrDefault() is { } group ? $"{group.Name} {command.Name}" : command.Name;

    private static string Ended(string message) => message.EndsWith('?') || message.EndsWith('.') ? message : message + ".";
}
