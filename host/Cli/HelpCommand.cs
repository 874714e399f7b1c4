using System.CommandLine;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Cli;

internal static class HelpCommand
{
    public static CliCommand Define(RootCommand root)
    {
        var topic = new Argument<string?>("TOPIC")
        { Description = "Command name, or 'config' for the keys of a run file.", Arity = ArgumentArity.ZeroOrOne };
        var markdown = new Option<bool>("--markdown") { Description = "Print the keys of a run file as Markdown." };
        var command = new CliCommand<HelpRequest>("help", "Show help for a command, or the keys of a run file.", """
            Examples:
              actortrain help config
              actortrain help pretrain
            """,
            line => new HelpRequest(line.GetValue(topic), line.GetValue(markdown)),
            (request, context) => Run(request, root, context)) { topic, markdown };
        command.Validators.Add(line =>
        {
            if (line.GetValue(markdown) && line.GetValue(topic) != "config")
                line.AddError("--markdown works only with 'actortrain help config'");
        });
        return command;
    }

    private static int Run(HelpRequest request, RootCommand root, CommandContext context)
    {
        if (request.Topic == "config")
        {
            context.Output.Write(request.Markdown ? SettingsHelp.WriteMarkdown() : SettingsHelp.Write());
            return ExitCode.Success;
        }

        var topics = root.Subcommands.Select(static command => command.Name).Append("config").ToList();
        if (request.Topic is { } name && !topics.Contains(name))
            throw new UserErrorException(
                $"there is no help topic '{name}'{NearestName.Hint(name, topics, $"; the topics are {string.Join(", ", topics)}.")}");
        string[] asked = request.Topic is { } topic ? [topic, "--help"] : ["--help"];
        return root.Parse(asked).Invoke(new InvocationConfiguration { Output = context.Output, Error = context.Error });
    }
}

internal sealed record HelpRequest(string? Topic, bool Markdown);
