using ActorTrain.Actors.Election;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using k8s;
using k8s.Models;
using YamlDotNet.Serialization;

namespace ActorTrain.Host.Tests.Deployment;

/// <summary>The manifests of <c>ops/deploy/kubernetes</c>: what they say to Kubernetes, to the program and to each other.</summary>
public sealed class KubernetesTests
{
    private const string Kustomization = "kustomization.yaml";

    private readonly Dictionary<string, List<object>> files =
        Directory.GetFiles(Deployed.At("ops", "deploy", "kubernetes"), "*.yaml")
            .Where(static file => Path.GetFileName(file) != Kustomization)
            .ToDictionary(static file => Path.GetFileName(file), static file =>
                KubernetesYaml.LoadAllFromString(File.ReadAllText(file), strict: true));

    private V1StatefulSet Control => The<V1StatefulSet>();

    private V1Deployment Workers => The<V1Deployment>();

    private V1PodTemplateSpec[] Pods => [Control.Spec.Template, Workers.Spec.Template];

    [Fact]
    public void An_unknown_field_would_be_noticed() => Should.Throw<Exception>(() => KubernetesYaml.LoadAllFromString(
        Deployed.Read("kubernetes", "control.yaml").Replace("replicas:", "replica:", StringComparison.Ordinal), strict: true));

    [Fact]
    public void The_kustomization_has_all_manifests() =>
        new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(Deployed.Read("kubernetes", Kustomization))["resources"]
            .ShouldBeOfType<List<object>>().Order().ShouldBe(files.Keys.Order());

    [Fact]
    public void Selectors_match_their_pods_and_no_others()
    {
        var selectors = new (IDictionary<string, string> Selector, V1PodTemplateSpec Pods)[]
        {
            (Control.Spec.Selector.MatchLabels, Control.Spec.Template),
            (Workers.Spec.Selector.MatchLabels, Workers.Spec.Template),
            (The<V1Service>().Spec.Selector, Control.Spec.Template),
            (All<V1PodDisruptionBudget>().Single(static budget => budget.Metadata.Name == "actortrain-control").Spec.Selector.MatchLabels,
                Control.Spec.Template),
            (All<V1PodDisruptionBudget>().Single(static budget => budget.Metadata.Name == "actortrain-worker").Spec.Selector.MatchLabels,
                Workers.Spec.Template),
        };
        foreach (var (selector, selected) in selectors)
        {
            foreach (var pods in Pods)
                selector.All(label => pods.Metadata.Labels.TryGetValue(label.Key, out var value) && value == label.Value)
                    .ShouldBe(pods == selected);
        }

        Control.Spec.ServiceName.ShouldBe(The<V1Service>().Metadata.Name);
        foreach (var budget in All<V1PodDisruptionBudget>())
            budget.Spec.MaxUnavailable.Value.ShouldBe("1");
    }

    [Fact]
    public void Each_control_process_is_one_of_the_run_file_and_listens_where_the_pod_says()
    {
        var request = Deployed.Request(Arguments(Control.Spec.Template, "10.0.0.12")).ShouldBeOfType<TrainRequest>();
        var configuration = Configuration(request);
        var at = ClusterOptions.Parse(request.At.ShouldNotBeNull()).ShouldNotBeNull();
        configuration.Cluster.EndPoints.ShouldContain(at);
        configuration.Cluster.EndPoints.Count.ShouldBe(Control.Spec.Replicas!.Value);
        var listens = configuration.Nodes.EndPoint.ShouldNotBeNull();
        var ports = ContainerOf(Control.Spec.Template).Ports.ToDictionary(static port => port.Name, static port => port.ContainerPort);
        ports.ShouldBe(The<V1Service>().Spec.Ports.ToDictionary(static port => port.Name, static port => port.Port));
        ports["control"].ShouldBe(at.Port);
        ports["nodes"].ShouldBe(listens.Port);
        ports["data"].ShouldBe(configuration.Nodes.DataPort);

        // An address of its machine, which stays.
        Control.Spec.Template.Spec.HostNetwork.ShouldBe(true);
        configuration.Journal.Connection.ShouldNotBeEmpty();
        ContainerOf(Control.Spec.Template).Env.ShouldContain(static variable => variable.Name == "PGPASSWORD");
    }

    [Fact]
    public void Workers_dial_every_control_process_by_its_name()
    {
        var request = Deployed.Request(Arguments(Workers.Spec.Template, "worker-x")).ShouldBeOfType<NodeRequest>();
        var port = The<V1Service>().Spec.Ports.Single(static port => port.Name == "nodes").Port;
        request.Join.Split(',').ShouldBe(Enumerable.Range(0, Control.Spec.Replicas!.Value)
            .Select(i => $"{Control.Metadata.Name}-{i}.{The<V1Service>().Metadata.Name}:{port}"));
        request.Name.ShouldBe("worker-x");
        var training = Configuration(Deployed.Request(Arguments(Control.Spec.Template, "10.0.0.12")).ShouldBeOfType<TrainRequest>());
        training.Trainers.Count.ShouldBe(Workers.Spec.Replicas!.Value);
    }

    [Fact]
    public void A_pod_is_ready_while_the_process_is_and_may_save_before_it_ends()
    {
        var training = Deployed.Request(Arguments(Control.Spec.Template, "10.0.0.12")).ShouldBeOfType<TrainRequest>();
        var save = Deployed.SaveOf(Configuration(training));
        var worker = Deployed.Request(Arguments(Workers.Spec.Template, "w")).ShouldBeOfType<NodeRequest>();
        string?[] readyFiles = [training.ReadyFile, worker.ReadyFile];
        foreach (var (pods, file) in Pods.Zip(readyFiles))
        {
            var container = ContainerOf(pods);
            container.ReadinessProbe.Exec.Command.ShouldBe(["test", "-e", file.ShouldNotBeNull()]);
            container.LivenessProbe.ShouldBeNull();
            TimeSpan.FromSeconds(pods.Spec.TerminationGracePeriodSeconds!.Value).ShouldBeGreaterThan(save);
            container.VolumeMounts.ShouldContain(mount =>
                file.StartsWith(mount.MountPath + "/", StringComparison.Ordinal) && mount.ReadOnlyProperty != true);
        }
    }

    [Fact]
    public void What_a_pod_mounts_is_declared_and_all_share_the_folder_of_the_run()
    {
        var claim = The<V1PersistentVolumeClaim>();
        claim.Spec.AccessModes.ShouldBe(["ReadWriteMany"]);
        var readme = Deployed.Read("README.md");
        foreach (var pods in Pods)
        {
            var container = ContainerOf(pods);
            container.VolumeMounts.Select(static mount => mount.Name).Order()
                .ShouldBe(pods.Spec.Volumes.Select(static volume => volume.Name).Order());
            var shared = pods.Spec.Volumes.Single(static volume => volume.PersistentVolumeClaim is not null);
            shared.PersistentVolumeClaim.ClaimName.ShouldBe(claim.Metadata.Name);
            container.VolumeMounts.Single(mount => mount.Name == shared.Name).MountPath.ShouldBe(container.WorkingDir);

            // Secrets are made by hand.
            var secrets = pods.Spec.Volumes.Select(static volume => volume.Secret?.SecretName)
                .Concat(container.Env.Select(static variable => variable.ValueFrom?.SecretKeyRef?.Name)).OfType<string>();
            foreach (var secret in secrets)
                readme.ShouldContain($"create secret generic {secret} ");
            var configMap = pods.Spec.Volumes.SingleOrDefault(static volume => volume.ConfigMap is not null);
            if (configMap is not null)
                configMap.ConfigMap.Name.ShouldBe(The<V1ConfigMap>().Metadata.Name);

            // Keys are not for every user, but for the one that the process has.
            pods.Spec.Volumes.Single(static volume => volume.Secret is not null).Secret.DefaultMode.ShouldBe(Convert.ToInt32("440", 8));
            pods.Spec.SecurityContext.FsGroup.ShouldBe(pods.Spec.SecurityContext.RunAsGroup);
        }
    }

    private static V1Container ContainerOf(V1PodTemplateSpec pods) => pods.Spec.Containers.ShouldHaveSingleItem();

    // With the value of each variable of a pod.
    private static string[] Arguments(V1PodTemplateSpec pods, string value)
    {
        var container = ContainerOf(pods);
        return [.. container.Args.Select(word => container.Env.Aggregate(
            word, (text, variable) => text.Replace($"$({variable.Name})", value, StringComparison.Ordinal)))];
    }

    private RunConfiguration Configuration(TrainRequest request)
    {
        var mount = ContainerOf(Control.Spec.Template).VolumeMounts.Single(static mount => mount.Name == "run").MountPath;
        Path.GetDirectoryName(request.RunFile).ShouldBe(mount);
        return Deployed.Configuration(The<V1ConfigMap>().Data[Path.GetFileName(request.RunFile)!], request);
    }

    private IEnumerable<T> All<T>() => files.Values.SelectMany(static objects => objects).OfType<T>();

    private T The<T>() => All<T>().ShouldHaveSingleItem();
}
