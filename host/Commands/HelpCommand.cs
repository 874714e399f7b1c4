using System.CommandLine;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain help</c>: help for a command, and the table of all keys of a run file.</summary>
internal static class HelpCommand
{
    public static Command Define(RootCommand root, CommandContext context)
    {
        var topic = new Argument<string?>("TOPIC") { Description = "A command, or 'config' for the keys of a run file.", Arity = ArgumentArity.ZeroOrOne };
        var command = new TaughtCommand("help", "Explain a command, or list the keys of a run file.", """
            Examples:
              actortrain help config
              actortrain help pretrain
            """) { topic };
        command.SetAction(line =>
        {
            var name = line.GetValue(topic);
            if (name == "config")
            {
                context.Output.Write(SettingsHelp.Write());
                return ExitCode.Success;
            }

            var topics = root.Subcommands.Select(static subcommand => subcommand.Name).Append("config").ToList();
            if (name is not null && !topics.Contains(name))
            {
                throw new UserErrorException(
                    $"there is no help topic '{name}'{NearestName.Hint(name, topics, $"; the topics are {string.Join(", ", topics)}.")}");
            }

            string[] asked = name is null ? ["--help"] : [name, "--help"];
            return root.Parse(asked).Invoke(new InvocationConfiguration { Output = context.Output, Error = context.Error });
        });
        return command;
    }
}
